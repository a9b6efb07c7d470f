import './strip.css';
import { useEffect, useRef } from 'react';
import { client } from '../../api/client';
import { isRunning, type Job } from '../../api/job';
import { dollars, duration, spanOf } from '../format';
import { useWords } from '../language';
import { Icon } from '../widgets/icons';
import { useNotices } from '../widgets/notices';
import { isLate, leftOf, type Step, storyOf, totalOf } from './story';
import { useNow } from './useNow';

/** One strip that tells what happened, what happens and what is to come, with times that were measured. */
export function Strip({ job, shared }: { job: Job; shared: boolean }) {
  const { t, language } = useWords();
  const running = isRunning(job) || job.status === 'awaiting_upload';
  const now = useNow(running);
  const steps = storyOf(job, now);
  useChangesSaid(job);
  const list = useRef<HTMLOListElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another stage is another step to be seen, on a phone too.
  useEffect(() => {
    list.current?.querySelector('[aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'center' });
  }, [job.status]);
  const total = job.status === 'ready' ? totalOf(job, now) : null;
  const left = isRunning(job) ? leftOf(steps) : null;
  const cost =
    job.cost_usd > 0
      ? t(running ? 'strip.cost' : 'strip.costDone', { cost: dollars(job.cost_usd, language) })
      : job.status === 'ready'
        ? t('strip.free')
        : '';
  return (
    <section className="strip" aria-label={t('strip.name')}>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: stages that are wider than the screen are moved by the keyboard too. */}
      <ol ref={list} tabIndex={0} aria-label={t('strip.name')}>
        {steps.map((step) => (
          <StripStep key={`${step.name} ${step.state}`} step={step} />
        ))}
        {job.status === 'ready' && total !== null && (
          <li className="done all">
            <Icon name="check" />
            {t('strip.total', { time: duration(total, language) })}
          </li>
        )}
      </ol>
      <p className="strip-end soft">
        {left && <span>{t('strip.left', { time: spanOf(left, language) })}</span>}
        {!shared && cost && <span>{cost}</span>}
      </p>
    </section>
  );
}

function StripStep({ step }: { step: Step }) {
  const { t, language } = useWords();
  const { name, state, seconds, usual, counted, queue } = step;
  const words = {
    done: () => t(`past.${name as 'preparing'}`),
    now: () => t(`status.${name as 'preparing'}`),
    next: () => t(`next.${name as 'preparing'}`),
    stopped: () => t(`status.${name as 'preparing'}`),
  };
  const state_ = { done: 'strip.done', now: 'strip.now', next: 'strip.toCome', stopped: 'strip.stopped' } as const;
  return (
    <li className={state} aria-current={state === 'now' ? 'step' : undefined}>
      {state === 'done' && <Icon name="check" />}
      {state === 'now' && <span className="pulse" aria-hidden="true" />}
      {state === 'stopped' && <Icon name="warn" />}
      {state === 'next' && <span className="ring" aria-hidden="true" />}
      <span className="unseen">{t(state_[state])}: </span>
      <span className="what">{words[state]()}</span>
      {seconds !== null && <span className="time">{duration(seconds, language)}</span>}
      {counted && (
        <span className="counted">
          <progress value={counted.done} max={counted.total} aria-label={words.now()} />
          {t('strip.counted', {
            percent: Math.floor((100 * counted.done) / counted.total),
            done: counted.done,
            total: counted.total,
          })}
        </span>
      )}
      {queue && (
        <span className="soft">{queue.ahead === 0 ? t('strip.next') : t('strip.ahead', { n: queue.ahead })}</span>
      )}
      {usual && (state === 'now' || state === 'next') && (
        <span className="soft" title={t('strip.of', { n: usual.jobs })}>
          <span className={state === 'next' ? 'at-length' : undefined}>
            {t(isLate(step) ? 'strip.longer' : 'strip.usually', { time: spanOf(usual, language) })}
          </span>
          {state === 'next' && (
            <span className="in-short" aria-hidden="true">
              {spanOf(usual, language)}
            </span>
          )}
        </span>
      )}
      {state === 'now' && name === 'warming' && <span className="soft cold">{t('strip.cold')}</span>}
    </li>
  );
}

/** Says a stage to those who listen when it begins, and nothing in between. */
function useChangesSaid(job: Job): void {
  const { t, language } = useWords();
  const { announce } = useNotices();
  const said = useRef<string | null>(null);
  useEffect(() => {
    const key = `${job.attempt} ${job.status}`;
    const first = said.current === null;
    if (said.current === key) return;
    said.current = key;
    if (first) return; // what is there when the page opens is read with the page
    const usual = storyOf(job, client.now()).find((step) => step.state === 'now')?.usual;
    const more = usual ? `, ${t('strip.usually', { time: spanOf(usual, language) })}` : '';
    announce(`${t(`status.${job.status}`)}${more}`);
  }, [job, t, language, announce]);
}
