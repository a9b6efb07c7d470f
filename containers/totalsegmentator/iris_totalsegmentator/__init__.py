"""The model server of TotalSegmentator: SageMaker's contract around a resident engine.

A prepared volume (.nii.gz) comes in, its label map (.nii.gz) goes out.
`server` knows HTTP and no torch, `codec` bytes and arrays, `segmenter` tasks and
refusals, `engine` the arithmetic; `reference` is TotalSegmentator's own way, the
judge of the engine.
"""

__version__ = "1.0.0"
