import { useEffect, useState } from 'react';
import type { Reality, Viewer } from '../../viewer/viewer';
import { useWords } from '../language';
import { useNotices } from '../widgets/notices';

/** Which headset sessions this browser opens, and how to enter one. */
export function useHeadset(viewer: Viewer): Record<Reality, boolean> & { enter: (reality: Reality) => void } {
  const { t } = useWords();
  const { toast, announce } = useNotices();
  const [can, setCan] = useState({ vr: false, ar: false });
  useEffect(() => {
    let gone = false;
    viewer.realities().then((found) => !gone && setCan(found));
    return () => {
      gone = true;
    };
  }, [viewer]);
  const enter = (reality: Reality) => {
    const words = {
      all: t('viewer.roomAll'),
      isolate: t('viewer.roomIsolate'),
      realSize: t('viewer.roomRealSize'),
      reset: t('viewer.roomReset'),
      leave: t('viewer.roomLeave'),
    };
    viewer.enter(reality, words).then(
      ({ ended }) => ended.then(() => announce(t('viewer.xrEnded'))),
      () => toast(t('viewer.xrFailed'), { error: true }),
    );
  };
  return { ...can, enter };
}
