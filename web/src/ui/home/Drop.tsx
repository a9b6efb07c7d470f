import { type ReactNode, useEffect, useId, useRef, useState } from 'react';
import { fromDrop, fromInput } from '../../upload/collect';
import { useWords } from '../language';
import { Switch } from '../widgets/Field';
import { uploads, useUploads } from './store';

/** Where a scan is dropped or picked. A drop anywhere on the page counts. */
export function Drop({ children }: { children: ReactNode }) {
  const { t } = useWords();
  const { anonymous } = useUploads();
  const over = useDropping();
  const title = useId();
  return (
    <section className={`drop${over ? ' over' : ''}`} aria-labelledby={title}>
      <h2 id={title} className="drop-title">
        {t(over ? 'home.dropNow' : 'home.drop')}
      </h2>
      <p className="soft drop-kinds">{t('home.kinds')}</p>
      <div className="drop-pick">
        <Pick look="primary" label={t('home.files')} />
        <Pick look="plain" label={t('home.folder')} folder />
      </div>
      <div className="drop-names">
        <Switch label={t('home.anonymous')} checked={anonymous} onChange={(checked) => uploads.setAnonymous(checked)} />
        <p className={anonymous ? 'soft small' : 'warned small'}>
          {t(anonymous ? 'home.anonymousOn' : 'home.anonymousOff')}
        </p>
      </div>
      {children}
    </section>
  );
}

/** A file input that looks like a button: it keeps its keyboard (Enter and the space bar open it) and its name. */
function Pick({ look, label, folder = false }: { look: 'primary' | 'plain'; label: string; folder?: boolean }) {
  return (
    <label className={`button ${look} pick`}>
      <input
        type="file"
        multiple={!folder}
        // Not a property of React's: browsers know the attribute alone.
        {...(folder && { webkitdirectory: '' })}
        onChange={({ currentTarget }) => {
          const files = [...(currentTarget.files ?? [])];
          // The same file again must be a change, too: so an upload goes on after a reload.
          currentTarget.value = '';
          if (files.length > 0) void uploads.add(fromInput(files));
        }}
      />
      <span>{label}</span>
    </label>
  );
}

/** Whether files are being dragged over the page, and takes those that are let go. */
function useDropping(): boolean {
  const [over, setOver] = useState(false);
  const depth = useRef(0);
  useEffect(() => {
    const files = (event: DragEvent) => event.dataTransfer?.types.includes('Files') ?? false;
    const set = (to: number) => {
      depth.current = Math.max(0, to);
      setOver(depth.current > 0);
    };
    const enter = (event: DragEvent) => files(event) && set(depth.current + 1);
    const leave = (event: DragEvent) => files(event) && set(depth.current - 1);
    const drag = (event: DragEvent) => {
      if (!files(event) || !event.dataTransfer) return;
      event.preventDefault();
      event.dataTransfer.dropEffect = 'copy';
    };
    const drop = (event: DragEvent) => {
      if (!files(event) || !event.dataTransfer) return;
      // Otherwise the browser would leave the page and show the file.
      event.preventDefault();
      set(0);
      void uploads.add(fromDrop(event.dataTransfer));
    };
    const on = { dragenter: enter, dragleave: leave, dragover: drag, drop } as const;
    for (const [name, listen] of Object.entries(on)) addEventListener(name, listen as EventListener);
    return () => {
      for (const [name, listen] of Object.entries(on)) removeEventListener(name, listen as EventListener);
    };
  }, []);
  return over;
}
