import { useEffect, useState } from 'react';
import { client } from '../../api/client';

/** The time by the server's clock, by which stages begin, each second while something goes on. */
export function useNow(running: boolean): number {
  const [now, setNow] = useState(client.now);
  useEffect(() => {
    if (!running) return;
    setNow(client.now());
    const timer = setInterval(() => document.hidden || setNow(client.now()), 1000);
    return () => clearInterval(timer);
  }, [running]);
  return now;
}
