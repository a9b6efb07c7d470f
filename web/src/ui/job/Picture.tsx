import { useEffect, useState } from 'react';
import { readArtifact } from '../../api/artifact';
import type { Reader } from '../../api/client';
import type { Job } from '../../api/job';
import { useWords } from '../language';

/**
 * A picture of the job. Its bytes are fetched and kept: a signed address ends after
 * minutes, and a page that is left open would show a broken picture then.
 */
export function usePicture(reader: Reader, job: Job, name: string): { url: string | null; lost: boolean } {
  const artifact = job.artifacts.get(name);
  const sha = artifact?.sha256;
  const type = artifact?.media_type;
  const [state, setState] = useState<{ url: string | null; lost: boolean }>({ url: null, lost: false });
  useEffect(() => {
    // An <img> draws a picture of any type; as HTML or SVG a file of ours would be a page.
    if (sha === undefined || type !== 'image/png') return;
    const stop = new AbortController();
    let url: string | null = null;
    readArtifact(reader, name, { signal: stop.signal })
      .then((bytes) => {
        if (stop.signal.aborted) return;
        url = URL.createObjectURL(new Blob([bytes], { type }));
        setState({ url, lost: false });
      })
      .catch(() => stop.signal.aborted || setState({ url: null, lost: true }));
    return () => {
      stop.abort();
      if (url) URL.revokeObjectURL(url);
    };
  }, [reader, name, sha, type]);
  return state;
}

export function Picture({
  reader,
  job,
  name,
  alt,
  className,
}: {
  reader: Reader;
  job: Job;
  name: string;
  alt: string;
  className?: string;
}) {
  const { t } = useWords();
  const { url, lost } = usePicture(reader, job, name);
  if (lost) return <p className="soft small">{t('stage.pictureLost')}</p>;
  if (!url) return <span className={`picture-space ${className ?? ''}`} aria-hidden="true" />;
  return <img className={className} src={url} alt={alt} />;
}
