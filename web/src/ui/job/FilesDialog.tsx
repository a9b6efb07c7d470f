import { useState } from 'react';
import type { Reader } from '../../api/client';
import type { Job } from '../../api/job';
import type { Key } from '../../i18n/i18n';
import { texts } from '../../i18n/i18n';
import { bytes } from '../format';
import { useWords } from '../language';
import { Button, IconButton } from '../widgets/Button';
import { Dialog } from '../widgets/Dialog';
import { Choice } from '../widgets/Field';
import { FORMATS } from './formats';
import { useCopy } from './useAction';
import { useExport } from './useExport';

// What a person wants first comes first; the light models are for programs that show them.
const ORDER = [
  'model.glb',
  'measurements.csv',
  'labels.nii.gz',
  'labels.seg.dcm',
  'labels.rtstruct.dcm',
  'labels.labelmap.dcm',
  'slices.nii.gz',
  'preview.png',
  'check.png',
  'scan.png',
  'measurements.json',
  'provenance.json',
  'view.glb',
  'preview.glb',
];

/** Everything of a job that can be downloaded. */
export function FilesDialog({
  job,
  reader,
  visible,
  total,
  onClose,
}: {
  job: Job;
  reader: Reader;
  /** The names that are seen now. */
  visible: readonly string[];
  total: number;
  onClose: () => void;
}) {
  const { t, language } = useWords();
  const copy = useCopy();
  const { making, download } = useExport(reader);
  const [what, setWhat] = useState<'whole' | 'shown'>('whole');
  const some = visible.length > 0 && visible.length < total;
  const names = [...job.artifacts.keys()].sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
  const exportable = !reader.shared && job.artifacts.has('model.glb');
  return (
    <Dialog title={t('files.title')} onClose={onClose} wide>
      {exportable && (
        <section className="exports" aria-label={t('files.whole')}>
          {some && (
            <Choice
              label={t('files.title')}
              hidden
              value={what}
              options={[
                { value: 'whole', label: t('files.whole') },
                { value: 'shown', label: t('files.shown', { n: visible.length }) },
              ]}
              onChange={setWhat}
            />
          )}
          <ul className="formats">
            {FORMATS.map((format) => {
              const key = `${what} ${format}`;
              return (
                <li key={format}>
                  <Button
                    busy={making.has(key)}
                    onClick={() =>
                      download(
                        key,
                        'model.glb',
                        what === 'shown' && some ? { structures: [...visible], format } : { format },
                      )
                    }
                  >
                    {format.toUpperCase()}
                  </Button>
                  <span className="soft small">
                    {making.has(key) ? t('files.making', { format: format.toUpperCase() }) : t(`format.${format}`)}
                  </span>
                </li>
              );
            })}
          </ul>
        </section>
      )}
      <section aria-labelledby="files-of-job">
        <h3 id="files-of-job">{t('files.others')}</h3>
        <ul className="files">
          {names.map((name) => {
            const artifact = job.artifacts.get(name);
            if (!artifact) return null;
            const words = `file.${name}`;
            return (
              <li key={name}>
                <Button look="ghost" icon="download" busy={making.has(name)} onClick={() => download(name, name)}>
                  {name}
                </Button>
                <span className="soft small">
                  {Object.hasOwn(texts, words) && `${t(words as Key)} · `}
                  {bytes(artifact.bytes, language)}
                </span>
                <span className="sha">
                  <code title={artifact.sha256}>
                    <span className="unseen">{t('files.sha')} </span>
                    {artifact.sha256.slice(0, 12)}…
                  </code>
                  <IconButton label={t('files.copySha', { name })} icon="copy" onClick={() => copy(artifact.sha256)} />
                </span>
              </li>
            );
          })}
        </ul>
      </section>
    </Dialog>
  );
}

function rank(name: string): number {
  const at = ORDER.indexOf(name);
  return at < 0 ? ORDER.length : at;
}
