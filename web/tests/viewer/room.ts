import { metaQuest3, XRDevice } from 'iwer';

// A headset that is none, in place of the browser's own, which finds no hardware.
const device = new XRDevice(metaQuest3);
device.installRuntime({ forceInstall: true });
device.position.set(0, 1.6, 0);
Object.assign(window, { headset: device });
