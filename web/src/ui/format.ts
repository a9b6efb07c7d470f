import type { Usual } from '../api/job';
import type { Language } from '../i18n/i18n';

// Numbers, times and sizes as people of a language write them.

const locale = (language: Language) => (language === 'es' ? 'es' : 'en');

/** A number with at most so many digits that count: 1482, 204, 21.4, 0.62. */
export function amount(value: number, language: Language): string {
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return value.toLocaleString(locale(language), { maximumFractionDigits: digits, useGrouping: 'min2' });
}

/** What is counted, and what is rounded to whole ones: 1482, 14,823. */
export function whole(value: number, language: Language): string {
  return value.toLocaleString(locale(language), {
    maximumFractionDigits: 0,
    useGrouping: 'min2',
    signDisplay: 'negative',
  });
}

/** A place or a length in millimetres, without the unit: 12.5, −3. */
export function millimetres(value: number, language: Language, digits = 1): string {
  return value.toLocaleString(locale(language), { maximumFractionDigits: digits, signDisplay: 'negative' });
}

/** A part of the whole, 0…1: 45 %. */
export function percent(share: number): string {
  return `${Math.round(100 * share)} %`;
}

/** Hounsfield units, mean and spread: −12 ± 30. */
export function spread({ mean, sd }: { mean: number; sd: number }, language: Language): string {
  return `${whole(mean, language)} ± ${whole(sd, language)}`;
}

/** Seconds as people say them: 12 s, 1 min 12 s, 2 h 5 min. */
export function duration(seconds: number, language: Language): string {
  const s = Math.max(0, seconds);
  if (s < 10 && s % 1 !== 0 && s < 9.95) {
    return `${s.toLocaleString(locale(language), { maximumFractionDigits: 1 })} s`;
  }
  const whole = Math.round(s);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return whole % 60 === 0 ? `${whole / 60} min` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
  const minutes = Math.round(whole / 60);
  return minutes % 60 === 0 ? `${minutes / 60} h` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** How long a stage usually takes: 40–70 s, 2–4 min. */
export function spanOf(usual: Usual, language: Language): string {
  const { low_s: low, high_s: high } = usual;
  if (high < 1) return language === 'es' ? 'menos de 1 s' : 'less than 1 s';
  const minutes = high >= 120;
  if (minutes && low < 30) return `${Math.max(Math.round(low), 1)} s – ${Math.round(high / 60)} min`;
  const unit = minutes ? 'min' : 's';
  const round = (s: number) => (minutes ? Math.max(Math.round(s / 60), 1) : Math.max(Math.round(s), 1));
  const [a, b] = [round(low), round(high)];
  return a === b ? `${a} ${unit}` : `${a}–${b} ${unit}`;
}

export function bytes(count: number, language: Language): string {
  const units = ['B', 'kB', 'MB', 'GB'];
  let value = count;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  const digits = unit > 0 && value < 10 ? 1 : 0;
  return `${value.toLocaleString(locale(language), { maximumFractionDigits: digits })} ${units[unit]}`;
}

/** A day: 28 February 2027, 28 de febrero de 2027. */
export function day(time: string, language: Language): string {
  return new Date(time).toLocaleDateString(language === 'es' ? 'es' : 'en-GB', {
    day: 'numeric',
    month: 'long',
    year: 'numeric',
  });
}

/** The time of a day: 14:05. */
export function clock(time: string, language: Language): string {
  return new Date(time).toLocaleTimeString(language === 'es' ? 'es' : 'en-GB', { hour: '2-digit', minute: '2-digit' });
}

/** A moment: 28 Feb 2027, 14:05. */
export function moment(time: string, language: Language): string {
  return new Date(time).toLocaleString(language === 'es' ? 'es' : 'en-GB', {
    day: 'numeric',
    month: 'short',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
  });
}

/** Dollars to the hundredth of a cent, as the API counts them. */
export function dollars(value: number, language: Language): string {
  return value.toLocaleString(language === 'es' ? 'es-US' : 'en-US', {
    style: 'currency',
    currency: 'USD',
    minimumFractionDigits: 2,
    maximumFractionDigits: value < 0.1 ? 4 : 2,
  });
}
