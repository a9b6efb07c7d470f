import '../../src/tokens.css';
import '../../src/ui/widgets/base.css';
import '../../src/ui/widgets/widgets.css';
import { useState } from 'react';
import { createRoot } from 'react-dom/client';
import { include } from '../../src/i18n/i18n';
import { viewer } from '../../src/i18n/viewer';
import { LanguageProvider } from '../../src/ui/language';
import { Stage } from '../../src/ui/viewer/Stage';
import { NoticesProvider } from '../../src/ui/widgets/notices';
import { START, type ViewState } from '../../src/viewer/state';
import type { Kind } from '../../src/viewer/viewer';

// The stage with its tools, without a job around it, for tests in a browser.

include(viewer);
const kinds = (new URL(location.href).searchParams.get('kinds') ?? 'preview').split(',') as Kind[];
const file = async (name: string) => (await fetch(`/glb/${name}`)).arrayBuffer();

function Page() {
  const [state, setState] = useState<ViewState>(START);
  Object.assign(window, { shown: state, change: setState });
  return (
    <main style={{ gridRow: '1 / -1', height: '100dvh' }}>
      <h1 className="unseen">Stage</h1>
      <Stage
        models={kinds.map((kind) => ({
          kind,
          key: '1',
          open: async () => (await fetch(`/glb/${kind}.glb`)).body ?? new ArrayBuffer(0),
        }))}
        state={state}
        onChange={(change) => setState((before) => ({ ...before, ...change }))}
        onStructures={() => {}}
        summary="A torso"
        slices={{ volume: () => file('slices.nii.gz'), labels: () => file('labels.nii.gz') }}
        address={location.href}
      />
    </main>
  );
}

createRoot(document.getElementById('root') as HTMLElement).render(
  <LanguageProvider>
    <NoticesProvider>
      <Page />
    </NoticesProvider>
  </LanguageProvider>,
);
