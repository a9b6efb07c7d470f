import { useCallback, useState } from 'react';
import { useWords } from '../language';
import { useNotices } from '../widgets/notices';
import { whyOf } from './say';

/** Runs one thing at a time, and says why where it does not work. */
export function useAction(): { busy: boolean; run: (what: () => Promise<void>) => void } {
  const { t, language } = useWords();
  const { toast } = useNotices();
  const [busy, setBusy] = useState(false);
  const run = useCallback(
    (what: () => Promise<void>) => {
      setBusy(true);
      what()
        .catch(async (error: unknown) => {
          toast(t('job.failedAction', { why: await whyOf(error, t, language) }), { error: true });
        })
        .finally(() => setBusy(false));
    },
    [t, language, toast],
  );
  return { busy, run };
}

/** Puts a text where it can be pasted from, and says so. */
export function useCopy(): (text: string) => void {
  const { t } = useWords();
  const { toast } = useNotices();
  return (text) => {
    // A page without https has no clipboard.
    const copied = navigator.clipboard?.writeText(text) ?? Promise.reject(new Error('no clipboard'));
    copied.then(
      () => toast(t('job.copied')),
      () => toast(t('job.notCopied'), { error: true }),
    );
  };
}
