/* Stub: stands here until the measuring pass does. */
#define Py_LIMITED_API 0x030A0000
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdint.h>

static PyObject *
count_set(PyObject *module, PyObject *args)
{
    (void)module;
    PyObject *address;
    Py_ssize_t size;
    if (!PyArg_ParseTuple(args, "O!n", &PyLong_Type, &address, &size))
        return NULL;
    const uint8_t *mask = PyLong_AsVoidPtr(address);
    if (mask == NULL)
        return PyErr_Occurred() ? NULL : PyErr_Format(PyExc_ValueError, "address 0");
    Py_ssize_t set = 0;
    Py_BEGIN_ALLOW_THREADS
    for (Py_ssize_t i = 0; i < size; i++)
        set += mask[i] != 0;
    Py_END_ALLOW_THREADS
    return PyLong_FromSsize_t(set);
}

static PyMethodDef methods[] = {
    {"count_set", count_set, METH_VARARGS, "Bytes other than 0 at an address."},
    {NULL, NULL, 0, NULL},
};

static PyModuleDef_Slot slots[] = {{0, NULL}};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "_native", "Stub.", 0, methods, slots, NULL, NULL, NULL,
};

PyMODINIT_FUNC
PyInit__native(void)
{
    return PyModuleDef_Init(&definition);
}
