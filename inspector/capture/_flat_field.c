/* Corrects light and sensor of a frame while it is copied into its slot, without the interpreter lock.

   Every pixel is (raw - offset) * gain in fixed point, rounded half up, at most 255. inspector/capture/flat_field.py calls it and gives
   the same with numpy; engines/flat_field.py says what offset and gain are. */

#define PY_SSIZE_T_CLEAN
#ifndef Py_LIMITED_API
#define Py_LIMITED_API 0x030A0000
#endif
#include <Python.h>

#include <stdint.h>

enum { LARGEST_SIDE = 65536 };

typedef struct {
    const uint8_t *raw;
    Py_ssize_t raw_stride; /* bytes from one row to the next */
    const uint16_t *offset, *gain; /* 1/256 of a grey level; 1/4096 */
    Py_ssize_t plane_stride; /* values from one row to the next; 0: one row serves for all */
    uint8_t *out; /* C-contiguous */
    Py_ssize_t height, width;
} Frame;

/* All in 16 bits, of which a processor takes many at a time. Both roundings together are that of the exact product: it is cut to 1/16 of a
   grey level, and a half is added before the rest is cut. The frame is a copy: what is written could else be part of it, for all that the
   compiler knows, and it would take one pixel at a time. */
static inline __attribute__((always_inline)) void correct_rows(const Frame *described) {
    const Frame copy = *described, *frame = &copy;
    const Py_ssize_t width = copy.width;
    for (Py_ssize_t y = 0; y < frame->height; y++) {
        const uint8_t *raw = frame->raw + y * frame->raw_stride;
        const uint16_t *offset = frame->offset + y * frame->plane_stride, *gain = frame->gain + y * frame->plane_stride;
        uint8_t *out = frame->out + y * width;
        for (Py_ssize_t x = 0; x < width; x++) {
            uint16_t grey = (uint16_t)(raw[x] << 8);
            uint16_t above = (uint16_t)(grey > offset[x] ? grey - offset[x] : 0);
            uint16_t sixteenths = (uint16_t)((uint32_t)above * gain[x] >> 16);
            uint16_t rounded = (uint16_t)((uint16_t)(sixteenths + 8) >> 4);
            out[x] = (uint8_t)(rounded > UINT8_MAX ? UINT8_MAX : rounded);
        }
    }
}

#if defined(__x86_64__) && defined(__GNUC__)
/* The same for processors that take twice as many at a time. */
static __attribute__((target("avx2"))) void correct_wide(const Frame *frame) {
    correct_rows(frame);
}
#endif

static void correct(const Frame *frame) {
#if defined(__x86_64__) && defined(__GNUC__)
    if (__builtin_cpu_supports("avx2")) {
        correct_wide(frame);
        return;
    }
#endif
    correct_rows(frame);
}

PyDoc_STRVAR(correct_doc, "correct(raw, raw_stride, offset, gain, plane_stride, out, height, width)\n\n"
                          "Write the corrected frame at address ``raw`` to ``out``; see inspector.capture.flat_field.");

static PyObject *correct_frame(PyObject *module, PyObject *args) {
    (void)module;
    Frame frame;
    unsigned long long raw, offset, gain, out;
    if (!PyArg_ParseTuple(args, "KnKKnKnn", &raw, &frame.raw_stride, &offset, &gain, &frame.plane_stride, &out, &frame.height,
                          &frame.width))
        return NULL;
    if (!raw || !offset || !gain || !out || frame.height < 1 || frame.width < 1 || frame.height > LARGEST_SIDE ||
        frame.width > LARGEST_SIDE || frame.raw_stride < frame.width || (frame.plane_stride && frame.plane_stride < frame.width)) {
        PyErr_SetString(PyExc_ValueError, "no frame, one of no or too many pixels, or rows that lie in each other");
        return NULL;
    }
    frame.raw = (const uint8_t *)(uintptr_t)raw;
    frame.offset = (const uint16_t *)(uintptr_t)offset;
    frame.gain = (const uint16_t *)(uintptr_t)gain;
    frame.out = (uint8_t *)(uintptr_t)out;
    Py_BEGIN_ALLOW_THREADS
    correct(&frame);
    Py_END_ALLOW_THREADS
    Py_RETURN_NONE;
}

static PyMethodDef methods[] = {{"correct", correct_frame, METH_VARARGS, correct_doc}, {NULL, NULL, 0, NULL}};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, .m_name = "_flat_field", .m_doc = "The compiled flat field correction.", .m_methods = methods};

PyMODINIT_FUNC PyInit__flat_field(void) {
    return PyModuleDef_Init(&definition);
}
