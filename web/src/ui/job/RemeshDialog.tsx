import { useEffect, useRef, useState } from 'react';
import { client, type OptionsInput } from '../../api/client';
import type { Job, Merge } from '../../api/job';
import { amount } from '../format';
import { useWords } from '../language';
import { Button, IconButton } from '../widgets/Button';
import { Dialog } from '../widgets/Dialog';
import { Choice, Slider, TextField } from '../widgets/Field';
import { useNotices } from '../widgets/notices';
import type { Row } from './rows';
import { useAction } from './useAction';

const SIMPLER = { fine: '0.25vx', none: 'none', half: '0.5', tenth: '0.1', mm: '0.5mm' } as const;
type Simpler = keyof typeof SIMPLER | 'own';

const simplerOf = (value: string | undefined): Simpler =>
  (Object.keys(SIMPLER) as (keyof typeof SIMPLER)[]).find((key) => SIMPLER[key] === value) ??
  (value === undefined ? 'fine' : 'own');

/** Makes the surfaces of a ready job anew, with other smoothing, simplifying and solids. */
export function RemeshDialog({
  job,
  rows,
  onClose,
  onJob,
}: {
  job: Job;
  rows: readonly Row[];
  onClose: () => void;
  onJob: (job: Job) => void;
}) {
  const { t, language } = useWords();
  const { announce } = useNotices();
  const { busy, run } = useAction();
  const { options } = job;
  const [smoothing, setSmoothing] = useState(options.smoothing ?? 0.5);
  const [simpler, setSimpler] = useState<Simpler>(simplerOf(options.decimate));
  const [own, setOwn] = useState(options.decimate ?? '');
  const [solids, setSolids] = useState<Merge[]>(options.merge ?? []);
  const [tried, setTried] = useState(false);
  const [looked, setLooked] = useState(0);
  const solidsPlace = useRef<HTMLElement>(null);
  // What is wrong may lie below the dialog's edge: the focus goes there, and is told what it is.
  useEffect(() => {
    if (looked > 0) solidsPlace.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus();
  }, [looked]);
  const taken = new Set(solids.flatMap((solid) => solid.of));
  const wrong = solids.map((solid, i) => wrongWith(solid, i, solids, rows));
  const put = (i: number, solid: Merge) => setSolids((all) => all.map((one, k) => (k === i ? solid : one)));

  const send = () => {
    setTried(true);
    if (wrong.some(Boolean)) return setLooked((n) => n + 1);
    run(async () => {
      const input: OptionsInput = {
        smoothing,
        decimate: simpler === 'own' ? own.trim() : SIMPLER[simpler],
        merge: solids,
      };
      const next = await client.remesh(job.id, input);
      announce(t('remesh.begun'));
      onJob(next);
      onClose();
    });
  };
  return (
    <Dialog
      title={t('remesh.title')}
      onClose={onClose}
      wide
      actions={
        <Button look="primary" busy={busy} onClick={send}>
          {t('remesh.go')}
        </Button>
      }
    >
      <p className="soft">{t('remesh.more')}</p>
      <Slider
        label={t('remesh.smoothing')}
        value={smoothing}
        shown={amount(smoothing, language)}
        onChange={setSmoothing}
      />
      <Choice
        label={t('remesh.decimate')}
        value={simpler}
        options={[...Object.keys(SIMPLER), 'own'].map((value) => ({
          value: value as Simpler,
          label: t(`remesh.dec.${value as Simpler}`),
        }))}
        onChange={setSimpler}
      />
      {simpler === 'own' && (
        <TextField
          label={t('remesh.decOwn')}
          hint={t('remesh.decHint')}
          value={own}
          onChange={(event) => setOwn(event.target.value)}
        />
      )}
      <section className="solids" aria-labelledby="solids" ref={solidsPlace}>
        <h3 id="solids">{t('remesh.merge')}</h3>
        <p className="soft small">{t('remesh.mergeHint')}</p>
        {solids.map((solid, i) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a solid has no name until it is given one.
          <div key={i} className="solid">
            <TextField
              label={t('remesh.mergeName')}
              value={solid.name}
              error={tried && wrong[i] ? t(wrong[i]) : undefined}
              onChange={(event) => put(i, { ...solid, name: event.target.value })}
            />
            <IconButton
              label={t('remesh.mergeRemove', { name: solid.name })}
              icon="trash"
              onClick={() => setSolids((all) => all.filter((_, k) => k !== i))}
            />
            <fieldset className="ticks">
              <legend className="unseen">{t('remesh.mergeOf', { name: solid.name })}</legend>
              {rows.map((row) => {
                const here = solid.of.includes(row.name);
                return (
                  <label key={row.name}>
                    <input
                      type="checkbox"
                      checked={here}
                      disabled={!here && taken.has(row.name)}
                      onChange={(event) =>
                        put(i, {
                          ...solid,
                          of: event.target.checked
                            ? [...solid.of, row.name]
                            : solid.of.filter((name) => name !== row.name),
                        })
                      }
                    />
                    {row.title}
                  </label>
                );
              })}
            </fieldset>
          </div>
        ))}
        <Button
          icon="plus"
          className="start"
          onClick={() => setSolids((all) => [...all, { name: `solid_${all.length + 1}`, of: [] }])}
        >
          {t('remesh.mergeAdd')}
        </Button>
      </section>
    </Dialog>
  );
}

/** What keeps a solid from being made: the key of the sentence that says it. */
function wrongWith(solid: Merge, i: number, all: readonly Merge[], rows: readonly Row[]) {
  const name = solid.name.trim();
  const used = rows.some((row) => row.name === name && !solid.of.includes(name));
  if (name === '' || used || all.some((one, k) => k !== i && one.name.trim() === name)) return 'remesh.mergeNameWrong';
  return solid.of.length < 2 ? 'remesh.mergeEmpty' : null;
}
