"""The package installed from a wheel, in a folder without a clone: ``test_wheel.py`` in the suite, ``check.py`` for all that README says."""
