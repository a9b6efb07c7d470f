"""Times one peer on one label map, in one process: peers.py PEER THREADS FILE.

PEER is vtk (vtkSurfaceNets3D, its smoother, vtkSurfaceNetsAtlas), sinc (windowed
sinc on the unsmoothed net), zmesh or skimage (one mesh a label, not smoothed), or
glb: the whole program that a user would write, label map file to model file.
FILE is what `surface sample` wrote; glb takes one compressed. Prints one line of JSON: seconds of each step
and the peak memory of the process. Imports are not counted.
"""

import json
import resource
import struct
import sys
import time

import numpy as np


def load(path):
    """The labels as a flat array, their dims and spacing."""
    raw = np.fromfile(path, np.uint8)
    header = raw[:352].tobytes()
    dims = struct.unpack("<3h", header[42:48])
    spacing = struct.unpack("<3f", header[80:92])
    return raw[352:], dims, spacing


def present(labels):
    return [int(v) for v in np.flatnonzero(np.bincount(labels, minlength=256)) if v]


class Watch:
    """Splits of a stopwatch."""

    def __init__(self):
        self.seconds = {}
        self.processor = {}
        self.start()

    def start(self):
        self.mark = time.perf_counter()
        self.cpu = time.process_time()

    def lap(self, step):
        self.seconds[step] = time.perf_counter() - self.mark
        self.processor[step] = time.process_time() - self.cpu
        self.start()


def vtk_net(labels, dims, spacing, values, smoothing):
    import vtk
    from vtk.util.numpy_support import numpy_to_vtk

    image = vtk.vtkImageData()
    image.SetDimensions(*dims)
    image.SetSpacing(*spacing)
    image.GetPointData().SetScalars(numpy_to_vtk(labels))
    net = vtk.vtkSurfaceNets3D()
    net.SetInputData(image)
    net.SetSmoothing(smoothing)
    net.GetSmoother().SetNumberOfIterations(16)
    net.SetOutputMeshTypeToTriangles()
    for i, value in enumerate(values):
        net.SetValue(i, value)
    return net


def vtk_threads(threads):
    from vtkmodules.vtkCommonCore import vtkSMPTools

    if threads == 1:
        vtkSMPTools.SetBackend("Sequential")
    else:
        vtkSMPTools.SetBackend("STDThread")
        vtkSMPTools.Initialize(threads)


def run_vtk(threads, path, watch):
    """Load, net, smoothed net, one mesh a label."""
    import vtk

    vtk_threads(threads)
    watch.start()
    labels, dims, spacing = load(path)
    watch.lap("load")
    values = present(labels)  # vtkSurfaceNets3D must be told; not counted
    watch.start()
    net = vtk_net(labels, dims, spacing, values, True)
    net.Update()
    watch.lap("net_and_smooth")
    atlas = vtk.vtkSurfaceNetsAtlas()
    atlas.SetInputConnection(net.GetOutputPort())
    atlas.GenerateRegionsOn()
    atlas.GeneratePatchesOff()
    atlas.ResolveNonManifoldPointsOn()
    atlas.Update()
    watch.lap("split")
    return {"labels": atlas.GetOutput().GetNumberOfPartitionedDataSets()}


def run_net(threads, path, watch):
    """The net alone, three times, the median."""
    vtk_threads(threads)
    labels, dims, spacing = load(path)
    values = present(labels)
    times = []
    for _ in range(3):
        net = vtk_net(labels, dims, spacing, values, False)
        watch.start()
        net.Update()
        watch.lap("extract")
        times.append((watch.seconds["extract"], watch.processor["extract"]))
    watch.seconds["extract"], watch.processor["extract"] = sorted(times)[1]
    return {"vertices": net.GetOutput().GetNumberOfPoints()}


def run_sinc(threads, path, watch):
    import vtk

    vtk_threads(threads)
    labels, dims, spacing = load(path)
    net = vtk_net(labels, dims, spacing, present(labels), False)
    net.Update()
    sinc = vtk.vtkWindowedSincPolyDataFilter()
    sinc.SetInputConnection(net.GetOutputPort())
    sinc.SetNumberOfIterations(20)
    sinc.SetPassBand(0.1)
    sinc.NonManifoldSmoothingOn()
    sinc.NormalizeCoordinatesOn()
    watch.start()
    sinc.Update()
    watch.lap("smooth")
    return {}


def run_zmesh(threads, path, watch):
    import zmesh

    labels, dims, spacing = load(path)
    volume = labels.reshape(dims, order="F")
    watch.start()
    mesher = zmesh.Mesher(spacing)
    mesher.mesh(volume, close=True)
    meshes = [mesher.get(label, normals=False, reduction_factor=0) for label in mesher.ids()]
    watch.lap("extract_and_split")
    return {"labels": len(meshes)}


def run_skimage(threads, path, watch):
    from scipy import ndimage
    from skimage import measure

    labels, dims, spacing = load(path)
    volume = labels.reshape(dims, order="F")
    watch.start()
    count = 0
    for label, box in enumerate(ndimage.find_objects(volume), 1):
        if box is None:
            continue
        mask = np.pad(volume[box] == label, 1).astype(np.float32)
        measure.marching_cubes(mask, 0.5, spacing=spacing)
        count += 1
    watch.lap("extract_and_split")
    return {"labels": count}


def run_glb(threads, path, watch):
    """A compressed label map to a GLB of one smoothed mesh a label, with normals.

    vtk alone: its GLB writer is several times faster than trimesh's. Every label up
    to the largest is asked for, which spares a search for those that are there.
    """
    import tempfile

    import vtk

    vtk_threads(threads)
    watch.start()
    reader = vtk.vtkNIFTIImageReader()
    reader.SetFileName(path)
    reader.Update()
    image = reader.GetOutput()
    largest = int(image.GetScalarRange()[1])
    net = vtk.vtkSurfaceNets3D()
    net.SetInputData(image)
    net.GenerateLabels(largest, 1, largest)
    net.GetSmoother().SetNumberOfIterations(16)
    net.SetOutputMeshTypeToTriangles()
    atlas = vtk.vtkSurfaceNetsAtlas()
    atlas.SetInputConnection(net.GetOutputPort())
    atlas.GenerateRegionsOn()
    atlas.GeneratePatchesOff()
    atlas.Update()
    regions = atlas.GetOutput()
    structures = vtk.vtkMultiBlockDataSet()
    for i in range(regions.GetNumberOfPartitionedDataSets()):
        normals = vtk.vtkPolyDataNormals()
        normals.SplittingOff()
        normals.ConsistencyOff()
        normals.SetInputData(regions.GetPartition(i, 0))
        normals.Update()
        structures.SetBlock(i, normals.GetOutput())
    scene = vtk.vtkMultiBlockDataSet()
    scene.SetBlock(0, structures)
    with tempfile.TemporaryDirectory() as folder:
        writer = vtk.vtkGLTFWriter()
        writer.SetInputData(scene)
        writer.SetFileName(f"{folder}/out.glb")
        writer.SetSaveTextures(False)
        writer.SetSaveNormal(True)
        writer.SetRelativeCoordinates(False)
        writer.Write()
        watch.lap("whole")
    return {"labels": structures.GetNumberOfBlocks()}


def main():
    peer, threads, path = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    watch = Watch()
    runs = {"vtk": run_vtk, "net": run_net, "sinc": run_sinc, "zmesh": run_zmesh, "skimage": run_skimage, "glb": run_glb}
    extra = runs[peer](threads, path, watch)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    total = sum(watch.seconds.values())
    report = {"steps": watch.seconds, "cpu": watch.processor, "total": total, "total_cpu": sum(watch.processor.values()), "peak_mib": peak, **extra}
    print(json.dumps(report))


if __name__ == "__main__":
    main()
