import { useEffect, useState } from 'react';
import { client } from '../api/client';
import type { Deployment } from '../api/job';
import { Problem } from '../api/problem';
import { moment, spanOf } from './format';
import { useWords } from './language';

/** Whether the GPU sleeps, wakes or is warm: what a new scan would find. Nothing where the API does not say it. */
export function Gpu() {
  const { t, language } = useWords();
  const deployment = useDeployment();
  const gpu = deployment?.gpu;
  if (!gpu) return null;
  const usual = deployment.usual.warming;
  const look = { asleep: 'off', waking: 'busy', warm: 'on' }[gpu.state];
  const wakes = gpu.state !== 'warm' && usual ? t('gpu.wakes', { time: spanOf(usual, language) }) : '';
  const more = [t('gpu.since', { time: moment(gpu.since, language) }), wakes].filter(Boolean).join(' ');
  return (
    <span className="chip wide-only" title={more}>
      <span className={`dot ${look}`} aria-hidden="true" />
      {t(`gpu.${gpu.state}`)}
    </span>
  );
}

/** Asked while the page is seen, as seldom as the API wants it. */
export function useDeployment(): Deployment | null {
  const [deployment, setDeployment] = useState<Deployment | null>(null);
  useEffect(() => {
    const stop = new AbortController();
    let etag: string | null = null;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const ask = async () => {
      let wait = 30;
      try {
        const told = await client.deployment(etag, stop.signal);
        wait = Math.max(told.retryAfter, 5);
        if (!('unchanged' in told)) {
          etag = told.etag;
          setDeployment(told.value);
        }
      } catch (error) {
        if (stop.signal.aborted) return;
        // An API that does not know the address will not know it later.
        if (error instanceof Problem && error.status < 500 && error.status !== 429) return;
      }
      timer = setTimeout(() => (document.hidden ? seen() : void ask()), wait * 1000);
    };
    const seen = () =>
      document.addEventListener('visibilitychange', () => void ask(), { once: true, signal: stop.signal });
    void ask();
    return () => {
      stop.abort();
      clearTimeout(timer);
    };
  }, []);
  return deployment;
}
