"""Files that give no frame: damage, several pictures, kinds that would have to be guessed at, and files that are none."""

from __future__ import annotations

import os
import socket
import struct
import tracemalloc
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest

from engines.data.images import image_size, read_grey
from engines.errors import BadFrameError, DataError
from engines.images.bounds import MOST_PIXELS, most_bytes
from engines.images.decoder import Decoder
from tests.engines.images.writers import Tiff, chunk, encoded, pgm, png, sheet

SHEET = sheet()
HEIGHT, WIDTH = SHEET.shape
EIGHT = (SHEET // 257).astype(np.uint8)
SMOOTH = cv2.GaussianBlur(EIGHT, (7, 7), 0)
DECODER = Decoder(HEIGHT, WIDTH)


def refused(path: Path, why: str, decoder: Decoder = DECODER) -> None:
    """Refused by the line, and by a data set with the name of the file."""
    with pytest.raises(BadFrameError, match=why) as told:
        decoder.decode(path)
    assert "\n" not in str(told.value)
    with pytest.raises(DataError, match=rf"{path.name}: {why}"):
        read_grey(path, Decoder() if decoder is DECODER else decoder)


def refused_data(path: Path, data: bytes, why: str) -> None:
    path.write_bytes(data)
    refused(path, why)


JPEGS = {
    "grey": encoded(".jpg", SMOOTH),
    "rgb": encoded(".jpg", np.dstack([SMOOTH, SMOOTH, EIGHT])),
    "progressive": encoded(".jpg", SMOOTH, cv2.IMWRITE_JPEG_PROGRESSIVE, 1),
    "restarts": encoded(".jpg", SMOOTH, cv2.IMWRITE_JPEG_RST_INTERVAL, 1),
}


@pytest.mark.parametrize("name", JPEGS)
def test_a_jpeg_that_ends_early_but_has_an_end_marker_is_refused(name: str, tmp_path: Path) -> None:
    data = JPEGS[name]
    scan = data.rindex(b"\xff\xda") if name != "progressive" else data.index(b"\xff\xda")
    for share in (0.2, 0.5, 0.8):
        at = scan + 20 + int((len(data) - scan - 22) * share)
        why = "is a damaged JPEG: |is a JPEG cut short"
        refused_data(tmp_path / "zeros.jpg", data[:at] + bytes(len(data) - 2 - at) + b"\xff\xd9", why)
        if name != "progressive":  # a scan that is missing altogether only makes the picture coarser
            refused_data(tmp_path / "repaired.jpg", data[:at] + b"\xff\xd9", why)


def test_a_scan_is_not_decoded_without_end(tmp_path: Path) -> None:
    data = JPEGS["progressive"]
    scan = data.rindex(b"\xff\xda")
    refused_data(tmp_path / "a.jpg", data[:-2] + data[scan:-2] * 200 + b"\xff\xd9", "is a JPEG of more than 100 scans")


@pytest.mark.parametrize(
    ("byte", "value", "why"), [(4, 12, "is a JPEG of 12 bits"), (9, 4, r"is a JPEG of 4 components"), (6, 0, "")]
)
def test_jpegs_of_other_kinds_are_refused(byte: int, value: int, why: str, tmp_path: Path) -> None:
    data = bytearray(JPEGS["grey"])
    data[data.index(b"\xff\xc0") + byte] = value
    refused_data(tmp_path / "a.jpg", bytes(data), why or "is 0x37 pixels")


@pytest.mark.parametrize("compression", [1, 8, 32773])
@pytest.mark.parametrize("bits", [4, 8, 12, 16])
def test_a_tiff_whose_strips_end_early_is_refused(compression: int, bits: int, tmp_path: Path) -> None:
    values = SHEET >> (16 - bits)
    for mangle in (lambda data: data[: len(data) // 2], lambda data: data[:-1]):
        data = Tiff(bits, compression=compression, mangle=mangle).write(values)
        refused_data(tmp_path / "a.tif", data, "is a damaged or cut-short TIFF file")
    if compression == 8:
        zeros = Tiff(
            bits, compression=8, mangle=lambda data: data[: len(data) // 2] + bytes(len(data) - len(data) // 2)
        )
        refused_data(tmp_path / "a.tif", zeros.write(values), "is a damaged or cut-short TIFF file")


@pytest.mark.parametrize("pixels", [EIGHT, np.dstack([EIGHT] * 3), SHEET.astype(np.uint16), EIGHT[:, :-1], EIGHT[:-1]])
def test_an_lzw_strip_that_ends_early_is_refused(pixels: np.ndarray, tmp_path: Path) -> None:  # type: ignore[type-arg]
    whole = encoded(".tif", pixels, cv2.IMWRITE_TIFF_COMPRESSION, 5)
    (tmp_path / "a.tif").write_bytes(whole)
    Decoder().decode(tmp_path / "a.tif")
    entry = whole.rindex(struct.pack("<HHI", 279, 4, 1)) + 8
    length = int.from_bytes(whole[entry : entry + 4], "little") * 9 // 10
    (tmp_path / "a.tif").write_bytes(whole[:entry] + struct.pack("<I", length) + whole[entry + 4 :])
    with pytest.raises(BadFrameError, match="is a damaged or cut-short TIFF file"):
        Decoder().decode(tmp_path / "a.tif")


@pytest.mark.parametrize(
    ("form", "why"),
    [
        (Tiff(photometric=3), "is a TIFF of PhotometricInterpretation 3; expected 0 or 1"),
        (Tiff(photometric=None), "is a TIFF of no PhotometricInterpretation"),
        (Tiff(photometric=2), "is a TIFF of 1 samples a pixel and PhotometricInterpretation 2"),
        (Tiff(tags={339: (3, [2])}), r"holds signed samples \(SampleFormat 2\)"),
        (Tiff(tags={258: (3, [32]), 339: (3, [3])}), r"holds floating-point samples \(SampleFormat 3\)"),
        (Tiff(tags={258: (3, [24])}), "is a TIFF of 1 x 24 bits"),
        (Tiff(tags={259: (3, [7])}), "is a TIFF of Compression 7; expected none, LZW, Deflate or PackBits"),
        (Tiff(tags={266: (3, [2])}), "is a TIFF of FillOrder 2"),
        (Tiff(tags={317: (3, [3])}), "is a TIFF of Predictor 3"),
        (Tiff(tags={279: (4, [9])}), "is a damaged or cut-short TIFF file .* 1 strips or tiles; expected 3"),
    ],
)
def test_tiffs_that_would_have_to_be_guessed_at_are_refused(form: Tiff, why: str, tmp_path: Path) -> None:
    refused_data(tmp_path / "a.tif", form.write(EIGHT), why)


def test_cmyk_and_separate_planes_are_refused(tmp_path: Path) -> None:
    four = np.dstack([EIGHT] * 4)
    refused_data(tmp_path / "a.tif", Tiff(photometric=5).write(four), "is a TIFF of PhotometricInterpretation 5")
    planes = Tiff(photometric=2, tags={284: (3, [2])})
    refused_data(tmp_path / "a.tif", planes.write(four[..., :3]), "is a TIFF of PlanarConfiguration 2")


def test_directories_without_end_are_refused(tmp_path: Path) -> None:
    data = bytearray(Tiff().write(EIGHT))
    next_at = 10 + 12 * int.from_bytes(data[8:10], "little")
    data[next_at : next_at + 4] = (8).to_bytes(4, "little")
    refused_data(tmp_path / "a.tif", bytes(data), "is a damaged or cut-short TIFF file .* directories do not end")


@pytest.mark.parametrize(
    ("name", "data", "what"),
    [
        ("a.tif", Tiff().write(EIGHT, (Tiff(), EIGHT), (Tiff(), EIGHT)), "3 pages"),
        ("a.tif", Tiff(big=True, order=">").write(EIGHT, (Tiff(big=True, order=">"), EIGHT[:5, :5])), "2 pages"),
        ("a.pgm", pgm(EIGHT, 255) * 3, "3 pictures"),
        ("a.pgm", pgm(EIGHT, 255) + b"\n" + pgm(EIGHT[:3], 255), "2 pictures"),
        ("a.jpg", JPEGS["grey"] + JPEGS["rgb"], "2 pictures"),
        ("a.jpg", JPEGS["progressive"] + bytes(300) + JPEGS["grey"] + JPEGS["restarts"], "3 pictures"),
        ("a.png", png(EIGHT, before=chunk(b"acTL", struct.pack(">II", 4, 0))), r"4 pictures \(animated PNG\)"),
    ],
)
def test_a_file_of_several_pictures_is_refused(name: str, data: bytes, what: str, tmp_path: Path) -> None:
    refused_data(tmp_path / name, data, f"holds {what}; expected one frame a file")


@pytest.mark.parametrize("bits", [8, 16])
def test_damaged_pngs_are_refused(bits: int, tmp_path: Path) -> None:
    data = png(SHEET >> (16 - bits), bits, chunk_bytes=100)
    starts = [at for at in range(len(data)) if data[at : at + 4] == b"IDAT"]
    for start in (starts[0], starts[3], starts[-1]):
        changed = data[: start + 20] + bytes([data[start + 20] ^ 1]) + data[start + 21 :]
        refused_data(tmp_path / "changed.png", changed, "is a damaged or cut-short PNG file")
    for start in (starts[1], starts[-2]):
        refused_data(
            tmp_path / "lost.png", data[: start - 4] + data[start + 108 :], "is a damaged or cut-short PNG file"
        )
    refused_data(tmp_path / "end.png", data[:-12], "is a damaged or cut-short PNG file")
    # OpenCV would take as much memory as the length says: it must not get this file.
    long = data[: starts[0] - 4] + b"\xf0" + data[starts[0] - 3 :]
    refused_data(tmp_path / "long.png", long, "is a damaged or cut-short PNG file .* ends within its chunks")


def test_a_png_that_cannot_be_is_refused(tmp_path: Path) -> None:
    refused_data(tmp_path / "a.png", png(EIGHT, 8, 5), "is a PNG of colour type 5 and 8 bits")
    many = b"".join(chunk(b"teXt", b"") for _ in range(5000))
    refused_data(tmp_path / "a.png", png(EIGHT, before=many), "is a damaged or cut-short PNG .* more than 4096 chunks")


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (pgm(EIGHT, 255)[:-1], "is a damaged or cut-short PGM file"),
        (pgm(SHEET, 65535)[:-1], "is a damaged or cut-short PGM file"),
        (pgm(EIGHT, 0), "is a PGM whose maxval is 0; expected 1 to 65535"),
        (pgm(SHEET, 65536), "is a PGM whose maxval is 65536; expected 1 to 65535"),
        (pgm(SHEET, 4095), "holds the value 65535, above its own maxval 4095"),
        (pgm(EIGHT, 255, plain=True).replace(b" 7 ", b" x ", 1) + b"x", "is a damaged or cut-short PGM .* no number"),
        (pgm(EIGHT, 255, plain=True) + b"7", "is a damaged or cut-short PGM .* 741 numbers; expected 740"),
        (pgm(EIGHT, 255, plain=True)[:-30], "is a damaged or cut-short PGM .* numbers; expected 740"),
        (pgm(EIGHT, 255, plain=True)[:-4] + b" 99999999999999999999", "is a damaged or cut-short PGM"),
        (b"P5\n-4 5\n255\n" + bytes(20), "is a damaged or cut-short PGM"),
        (b"P2\n# no end of the comment", "is a damaged or cut-short PGM"),
    ],
)
def test_damaged_pgms_are_refused(data: bytes, why: str, tmp_path: Path) -> None:
    refused_data(tmp_path / "a.pgm", data, why)


def test_bmps_of_other_kinds_are_refused(tmp_path: Path) -> None:
    data = bytearray(encoded(".bmp", EIGHT))
    data[30] = 1
    refused_data(tmp_path / "a.bmp", bytes(data), "is a BMP of compression 1; expected an uncompressed one")
    data[28] = 16
    refused_data(tmp_path / "a.bmp", bytes(data), "is a BMP of 16 bits a pixel")
    refused_data(tmp_path / "a.bmp", bytes(data)[:20], "is a damaged or cut-short BMP")


def bombs() -> dict[str, bytes]:
    """Headers that promise 30000 x 30000 pixels, with next to nothing behind."""
    size = struct.pack(">IIBBBBB", 30000, 30000, 8, 0, 0, 0, 0)
    jpeg = bytearray(JPEGS["grey"])
    at = jpeg.index(b"\xff\xc0") + 5
    jpeg[at : at + 4] = struct.pack(">HH", 30000, 30000)
    sides = {256: (4, [30000]), 257: (4, [30000])}
    return {
        "a.png": b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", size)
        + chunk(b"IDAT", zlib.compress(bytes(1000)))
        + chunk(b"IEND", b""),
        "a.jpg": bytes(jpeg),
        "a.tif": Tiff(tags=sides).write(EIGHT),
        "a.pgm": b"P5\n30000 30000\n255\n",
        "a.bmp": b"BM" + bytes(12) + struct.pack("<IiiHHI", 40, 30000, -30000, 1, 8, 0) + bytes(20),
    }


@pytest.mark.parametrize("name", bombs())
def test_a_picture_of_another_size_is_refused_by_its_header(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(bombs()[name])
    tracemalloc.start()
    try:
        with pytest.raises(BadFrameError, match=r"^is 30000x30000 pixels \(height x width\); expected 20x37$"):
            DECODER.decode(path)
        with pytest.raises(DataError, match=rf"is 30000x30000 pixels \(height x width\); at most {MOST_PIXELS} in all"):
            image_size(path)
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()


def test_a_file_that_is_too_large_is_refused_unread(tmp_path: Path) -> None:
    most = most_bytes(HEIGHT, WIDTH)
    for name, head in (("a.png", b""), ("b.pgm", b"P5\n37 20\n255\n"), ("c.raw", b"")):
        path = tmp_path / name
        path.write_bytes(head)
        os.truncate(path, 200 << 30)
    refused(tmp_path / "a.png", rf"has {200 << 30} bytes; a frame has at most {most}", Decoder(HEIGHT, WIDTH))
    refused(tmp_path / "b.pgm", rf"has {200 << 30} bytes; a frame has at most {most}", Decoder(HEIGHT, WIDTH))
    with pytest.raises(DataError, match=rf"b.pgm: has {200 << 30} bytes; a picture of 20x37 pixels has at most {most}"):
        image_size(tmp_path / "b.pgm")
    with pytest.raises(DataError, match=r"a\.png: is not a JPEG"):
        image_size(tmp_path / "a.png")
    path = tmp_path / "d.png"
    path.write_bytes(png(np.zeros((40, 37), np.uint8)))
    os.truncate(path, 200 << 30)
    refused(path, "is 40x37 pixels .* expected 20x37", Decoder(HEIGHT, WIDTH))


def test_what_is_no_regular_file_is_refused_without_opening_it(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo.png")
    (tmp_path / "link.png").symlink_to("fifo.png")
    (tmp_path / "folder.png").mkdir()
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "socket.png"))
    for name, kind in (("fifo", "a FIFO"), ("link", "a FIFO"), ("folder", "a folder"), ("socket", "a socket")):
        refused(tmp_path / f"{name}.png", f"is {kind}; expected an image file")
    refused(Path("/dev/zero"), "is a device; expected an image file")
    refused(tmp_path / "absent.png", "does not exist")
    with pytest.raises(BadFrameError, match="cannot be read"):
        DECODER.decode(tmp_path / "a\0.png")
    with pytest.raises(BadFrameError, match="cannot be read"):
        DECODER.decode(tmp_path / ("a" * 300))


def test_whatever_is_in_a_file_the_outcome_is_pixels_or_one_line(tmp_path: Path) -> None:
    random = np.random.default_rng(7)
    whole = [
        *JPEGS.values(),
        *(encoded(suffix, EIGHT) for suffix in (".png", ".bmp", ".tif")),
        *(
            Tiff(bits, 0, compression).write(SHEET >> (16 - bits))
            for bits in (1, 8, 12, 16)
            for compression in (1, 8, 32773)
        ),
        Tiff(16, 1, 8, ">", True, tile=16).write(SHEET),
        *(pgm(SHEET >> 4, 4095, plain) for plain in (False, True)),
    ]
    path = tmp_path / "a.png"
    for number in range(400):
        data = bytearray(whole[number % len(whole)])
        for _ in range(random.integers(1, 6)):
            early = random.random() < 0.5
            at = int(random.integers(0, min(len(data), 120) if early else len(data)))
            data[at : at + int(random.integers(1, 5))] = random.bytes(int(random.integers(0, 5)))
        path.write_bytes(bytes(data[: int(random.integers(1, len(data) + 1))] if random.random() < 0.2 else data))
        for decoder in (DECODER, Decoder()):
            outcome = _outcome(decoder, path)
            assert outcome == "uint8" or ("\n" not in outcome and 10 < len(outcome) < 250), outcome


def _outcome(decoder: Decoder, path: Path) -> str:
    try:
        return str(decoder.decode(path).dtype)
    except BadFrameError as error:
        return str(error)
