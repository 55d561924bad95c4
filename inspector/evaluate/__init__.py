"""How good a bundle is on frames whose truth is known, and which of two bundles is the better one.

Every frame passes both engines through ``engines.runtime``, as on the line; what they answer is counted by the figures of
``engines.metrics``. Frames that show the same thing (``LabelledFrame.group``) are no independent witnesses: intervals come from
resampling groups, never frames.
"""
