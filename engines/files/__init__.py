"""Files and texts from outside: looking at paths, reading YAML, writing outputs, printing names. Whatever a file holds or a disk
answers, an error is a :class:`engines.errors.FileError` of one line that names the file."""
