import { use } from 'react';
import { Malformed } from '../../api/decode';
import { Problem, Unreachable } from '../../api/problem';
import type { Language } from '../../i18n/i18n';
import { useWords } from '../language';

// What codes mean is loaded when there is one to be explained.
type Codes = typeof import('../../i18n/codes');
let loading: Promise<Codes | null> | null = null;
const codes = () => {
  loading ??= import('../../i18n/codes').catch(() => null); // then the code itself has to do
  return loading;
};

/** What happened and what to do about it; null for a code without a text. It suspends until the texts are there. */
export function useCode(code: string): { what: string; todo: string } | null {
  const { language } = useWords();
  return use(codes())?.codeText(code, language) ?? null;
}

type Translate = ReturnType<typeof useWords>['t'];

/** Why something did not work, in a sentence or two. */
export async function whyOf(error: unknown, t: Translate, language: Language): Promise<string> {
  const text = error instanceof Problem ? (await codes())?.codeText(error.code, language) : undefined;
  return sentence(error, text ?? null, t);
}

function sentence(error: unknown, text: { what: string; todo: string } | null, t: Translate): string {
  if (text) return `${text.what} ${text.todo}`;
  if (error instanceof Problem) return `${error.detail} (${error.code})`;
  if (error instanceof Unreachable) return t('job.offline');
  if (error instanceof Malformed) return t('job.wrongAnswer');
  return String(error instanceof Error ? error.message : error);
}

/** The same for an error that is shown in its place. It suspends like useCode. */
export function useWhy(error: unknown): string {
  const { t } = useWords();
  const text = useCode(error instanceof Problem ? error.code : '');
  return sentence(error, text, t);
}
