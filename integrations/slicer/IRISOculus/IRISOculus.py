"""3D Slicer's module of IRIS Oculus: the interface. What it does is IRISOculusLib/logic.py."""

import os
import sys

import ctk
import qt
import slicer
from slicer.ScriptedLoadableModule import ScriptedLoadableModule, ScriptedLoadableModuleWidget

from IRISOculusLib.logic import Run

HERE = os.path.dirname(os.path.abspath(__file__))


class IRISOculus(ScriptedLoadableModule):
    def __init__(self, parent):
        ScriptedLoadableModule.__init__(self, parent)
        parent.title = "IRIS Oculus"
        parent.categories = ["Segmentation"]
        parent.dependencies = []
        parent.contributors = ["IRIS Oculus"]
        parent.helpText = "Sends a volume to a service of IRIS Oculus and loads what comes back. Not for diagnosis."


class Scene:
    """What the logic asks of Slicer."""

    def save_volume(self, volume, path):
        if not slicer.util.saveNode(volume, str(path)):
            raise RuntimeError("the volume cannot be saved")

    def load_segmentation(self, path):
        return slicer.util.loadSegmentation(str(path))

    def load_model(self, path, name):
        node = slicer.util.loadModel(str(path))
        node.SetName(name)
        return node


def client():
    """The Python client, from the extension or from a checkout, with what it asks for."""
    for folder in (os.path.join(HERE, "IRISOculusLib", "vendor"), os.path.join(HERE, "..", "..", "python", "src")):
        if os.path.isdir(folder) and folder not in sys.path:
            sys.path.insert(0, folder)
    try:
        import httpx  # noqa: F401
    except ImportError:
        if not slicer.util.confirmOkCancelDisplay("The Python package httpx is needed. Install it now?"):
            raise
        slicer.util.pip_install("httpx<1")
    import iris_oculus

    return iris_oculus.Client


class IRISOculusWidget(ScriptedLoadableModuleWidget):
    def setup(self):
        ScriptedLoadableModuleWidget.setup(self)
        form = qt.QFormLayout()
        self.layout.addLayout(form)
        settings = qt.QSettings()
        self.volume = slicer.qMRMLNodeComboBox()
        self.volume.nodeTypes = ["vtkMRMLScalarVolumeNode"]
        self.volume.setMRMLScene(slicer.mrmlScene)
        self.address = qt.QLineEdit(settings.value("IRISOculus/api", "http://127.0.0.1:8000"))
        self.token = qt.QLineEdit()
        self.token.echoMode = qt.QLineEdit.Password
        self.models = ctk.ctkCheckBox()
        self.models.checked = True
        self.start = qt.QPushButton("Segment")
        self.stop = qt.QPushButton("Cancel")
        self.stop.enabled = False
        self.said = qt.QLabel()
        self.said.wordWrap = True
        for name, widget in (("Volume", self.volume), ("Service", self.address), ("Token", self.token)):
            form.addRow(name, widget)
        form.addRow("Models", self.models)
        for widget in (self.start, self.stop, self.said):
            form.addRow(widget)
        self.layout.addStretch(1)
        self.run, self.timer = None, qt.QTimer()
        self.timer.interval = 200
        self.timer.connect("timeout()", self.poll)
        self.start.connect("clicked()", self.begin)
        self.stop.connect("clicked()", lambda: self.run and self.run.cancel())

    def begin(self):
        with slicer.util.tryWithErrorDisplay("The scan cannot be sent", waitCursor=True):
            kind, api, token = client(), self.address.text, self.token.text or None
            qt.QSettings().setValue("IRISOculus/api", api)
            make = lambda stop: kind(api, token, stop=stop)  # noqa: E731
            self.run = Run(Scene(), make, self.volume.currentNode(), models=self.models.checked)
            self.start.enabled, self.stop.enabled = False, True
            self.timer.start()

    def poll(self):
        for step, value in self.run.poll():
            self.said.text = "done" if step == "done" else value
        if self.run.done:
            self.timer.stop()
            self.start.enabled, self.stop.enabled = True, False

    def cleanup(self):
        self.timer.stop()
        if self.run and not self.run.done:
            self.run.cancel()
