"""What becomes of a camera's frames that do not have the size of the bundle's: a file for each way, all behind ``Fit``.

``make_fit`` chooses one by the configuration. Whatever a fit does is said in ``start`` (``fitted``), and nothing is inspected that it
refuses. Pure: sizes and pixels in, pixels out.
"""

from inspector.capture.fit.fit import Fit
from inspector.capture.fit.make import make_fit

__all__ = ["Fit", "make_fit"]
