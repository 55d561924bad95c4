/* A quick look at some rows of a frame: whether they show something for certain.

   engines/images/quick_look.py calls it and says what the figures are; engines/images/blank.py says why a frame is doubtful. It takes
   so little time that it keeps the interpreter lock: letting go of it and taking it again costs a busy line more. */

#define PY_SSIZE_T_CLEAN
#ifndef Py_LIMITED_API
#define Py_LIMITED_API 0x030A0000
#endif
#include <Python.h>

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { LAG = 3 };

typedef struct {
    const uint8_t *pixels;
    Py_ssize_t height, width, stride; /* stride: bytes from one row to the next */
    Py_ssize_t step; /* every how many rows one is looked at */
    int black, white, min_contrast;
    double max_clipped, tail, min_structure, spread;
    Py_ssize_t thin; /* pixels of a row or column that are compared */
    Py_ssize_t row_pairs, column_pairs; /* every how many rows or columns one is compared with the next; 0: none is */
    int count_clipped_rows;
} Look;

static const uint8_t *row_at(const Look *look, Py_ssize_t y) {
    return look->pixels + y * look->stride;
}

/* The sums below go in blocks whose partial sums fit into small integers, of which a processor adds many at a time. */
enum { BLOCK = 256, BESIDE = 16 };

typedef struct {
    int64_t sum, squares, differences; /* differences: squared, to the pixel LAG columns on */
} Sums;

static void add_row(const uint8_t *row, Py_ssize_t width, Sums *sums) {
    Py_ssize_t from = 0;
    for (; from + BLOCK + LAG <= width; from += BLOCK) {
        int32_t sum = 0, squares = 0, differences = 0;
        int16_t grey[BLOCK + LAG];
        for (int at = 0; at < BLOCK + LAG; at++)
            grey[at] = row[from + at];
        for (int at = 0; at < BLOCK; at++)
            sum += grey[at];
        for (int at = 0; at < BLOCK; at++)
            squares += grey[at] * grey[at];
        for (int at = 0; at < BLOCK; at++) {
            int16_t difference = (int16_t)(grey[at] - grey[at + LAG]);
            differences += difference * difference;
        }
        sums->sum += sum;
        sums->squares += squares;
        sums->differences += differences;
    }
    for (; from < width; from++) {
        sums->sum += row[from];
        sums->squares += row[from] * row[from];
        if (from + LAG < width)
            sums->differences += (row[from] - row[from + LAG]) * (row[from] - row[from + LAG]);
    }
}

typedef struct {
    uint8_t black, white, dark, bright; /* up to black, from white on, and so on */
} Levels;

/* How many pixels are black or white, dark, bright. */
static void count_row(const uint8_t *row, Py_ssize_t width, Levels levels, int64_t counts[3]) {
    while (width > 0) {
        uint8_t clipped[BESIDE] = {0}, dark[BESIDE] = {0}, bright[BESIDE] = {0};
        Py_ssize_t blocks = width / BESIDE < UINT8_MAX / 2 ? width / BESIDE : UINT8_MAX / 2;
        for (Py_ssize_t block = 0; block < blocks; block++, row += BESIDE)
            for (int at = 0; at < BESIDE; at++) {
                clipped[at] += (uint8_t)((row[at] <= levels.black) + (row[at] >= levels.white));
                dark[at] += row[at] <= levels.dark;
                bright[at] += row[at] >= levels.bright;
            }
        for (int at = 0; at < BESIDE; at++) {
            counts[0] += clipped[at];
            counts[1] += dark[at];
            counts[2] += bright[at];
        }
        width -= blocks * BESIDE;
        for (; blocks == 0 && width > 0; width--, row++) {
            counts[0] += (*row <= levels.black) + (*row >= levels.white);
            counts[1] += *row <= levels.dark;
            counts[2] += *row >= levels.bright;
        }
    }
}

/* Whether few enough pixels are black or white, enough of the others differ, and pixels a few columns apart have something in common. */
static int has_contrast_and_structure(const Look *look) {
    Sums sums = {0};
    int64_t rows = 0, counts[3] = {0};
    for (Py_ssize_t y = 0; y < look->height; y += look->step, rows++)
        add_row(row_at(look, y), look->width, &sums);
    double pixels = (double)rows * (double)look->width, pairs = (double)rows * (double)(look->width - LAG);
    double mean = (double)sums.sum / pixels, variance = (double)sums.squares / pixels - mean * mean;
    int half = (look->min_contrast + 1) / 2, middle = (int)(mean + 0.5);
    if (variance <= 0 || pairs <= 0 || middle < half || middle + half > UINT8_MAX)
        return 0;
    double correlation = 1 - (double)sums.differences / (2 * variance * pairs);
    if (!(fabs(correlation) + look->spread >= look->min_structure + 1e-6))
        return 0;
    Levels levels = {(uint8_t)look->black, (uint8_t)look->white, (uint8_t)(middle - half), (uint8_t)(middle + half)};
    for (Py_ssize_t y = 0; y < look->height; y += look->step)
        count_row(row_at(look, y), look->width, levels, counts);
    double least = (look->tail + 1e-6) * pixels;
    return (double)counts[0] <= (look->max_clipped - 1e-6) * pixels && (double)counts[1] > least && (double)counts[2] > least;
}

/* Whether two rows or columns are the same in the pixels that are compared, and count as repeated. */
static int repeated(const Look *look, const uint8_t *one, const uint8_t *next, Py_ssize_t apart, Py_ssize_t step,
                    Py_ssize_t length, int count_clipped) {
    int above = 0, below = 0;
    for (Py_ssize_t at = 0; at < length; at += step) {
        uint8_t value = next[at * apart];
        if (one[at * apart] != value)
            return 0;
        above |= value > look->black;
        below |= value < look->white;
    }
    return count_clipped || (above && below);
}

static int has_repeats(const Look *look) {
    Py_ssize_t along = look->width > look->thin ? look->width / look->thin : 1;
    Py_ssize_t across = look->height > look->thin ? look->height / look->thin : 1;
    if (look->row_pairs)
        for (Py_ssize_t y = 0; y + 1 < look->height; y += look->row_pairs)
            if (repeated(look, row_at(look, y), row_at(look, y + 1), 1, along, look->width, look->count_clipped_rows))
                return 1;
    if (look->column_pairs)
        for (Py_ssize_t x = 0; x + 1 < look->width; x += look->column_pairs)
            if (repeated(look, look->pixels + x, look->pixels + x + 1, look->stride, across, look->height, 0))
                return 1;
    return 0;
}

PyDoc_STRVAR(shows_doc, "shows(address, height, width, stride, step, black, white, min_contrast, max_clipped, tail, min_structure, spread,\n"
                        "      thin, row_pairs, column_pairs, count_clipped_rows)\n\n"
                        "Whether the frame at ``address`` shows something for certain; see engines.images.quick_look.");

static PyObject *shows(PyObject *module, PyObject *args) {
    (void)module;
    Look look;
    unsigned long long address;
    if (!PyArg_ParseTuple(args, "Knnnniiiddddnnnp", &address, &look.height, &look.width, &look.stride, &look.step,
                          &look.black, &look.white, &look.min_contrast, &look.max_clipped, &look.tail,
                          &look.min_structure, &look.spread, &look.thin, &look.row_pairs, &look.column_pairs,
                          &look.count_clipped_rows))
        return NULL;
    if (address == 0 || look.height < 1 || look.width < 1 || look.height > 65536 || look.width > 65536 ||
        look.stride < look.width || look.step < 1 || look.thin < 1 || look.black < 0 || look.black > UINT8_MAX || look.white < 0 ||
        look.white > UINT8_MAX || look.min_contrast < 0 || look.min_contrast > UINT8_MAX || look.row_pairs < 0 || look.column_pairs < 0) {
        PyErr_SetString(PyExc_ValueError, "no frame, one of no or too many pixels, or a step of less than one");
        return NULL;
    }
    look.pixels = (const uint8_t *)(uintptr_t)address;
    return PyBool_FromLong(has_contrast_and_structure(&look) && !has_repeats(&look));
}

static PyMethodDef methods[] = {{"shows", shows, METH_VARARGS, shows_doc}, {NULL, NULL, 0, NULL}};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, .m_name = "_quick_look", .m_doc = "The compiled quick look.", .m_methods = methods};

PyMODINIT_FUNC PyInit__quick_look(void) {
    return PyModuleDef_Init(&definition);
}
