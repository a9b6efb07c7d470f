import { useCallback, useEffect, useRef, useState } from 'react';
import { addressOf } from '../../api/artifact';
import type { ExportQuery, Reader } from '../../api/client';
import { useWords } from '../language';
import { useNotices } from '../widgets/notices';
import { whyOf } from './say';

/** Downloads files of a job; an export is waited for while it is made. What is under way, by its name. */
export function useExport(reader: Reader): {
  making: ReadonlySet<string>;
  download: (key: string, name: string, query?: ExportQuery) => void;
} {
  const { t, language } = useWords();
  const { announce, toast } = useNotices();
  const [making, setMaking] = useState<ReadonlySet<string>>(new Set());
  const stop = useRef(new AbortController());
  useEffect(() => {
    stop.current = new AbortController();
    return () => stop.current.abort();
  }, []);
  const download = useCallback(
    (key: string, name: string, query?: ExportQuery) => {
      const { signal } = stop.current;
      const mark = (on: boolean) =>
        setMaking((before) => {
          const next = new Set(before);
          if (on) next.add(key);
          else next.delete(key);
          return next;
        });
      mark(true);
      if (query) announce(t('files.makingSay'));
      addressOf(reader, name, query, signal)
        .then((url) => {
          follow(url);
          announce(t('files.begun'));
        })
        .catch(async (error: unknown) => {
          if (signal.aborted) return;
          toast(t('job.failedAction', { why: await whyOf(error, t, language) }), { error: true });
        })
        .finally(() => signal.aborted || mark(false));
    },
    [reader, t, language, announce, toast],
  );
  return { making, download };
}

/** Lets the browser download: S3 sends every file of ours as an attachment, so that the page stays. */
function follow(url: string): void {
  const link = document.createElement('a');
  link.href = url;
  link.rel = 'noreferrer';
  document.body.append(link);
  link.click();
  link.remove();
}
