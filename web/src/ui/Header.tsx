import { useState } from 'react';
import { Gpu } from './Gpu';
import { useWords } from './language';
import { navigate } from './route';
import { useAccount } from './SignIn';
import { Button, IconButton } from './widgets/Button';
import { Mark } from './widgets/icons';
import { KeySheet, useKeys } from './widgets/keys';
import { Slot } from './widgets/slots';
import { setTheme, useDark } from './widgets/theme';

/** The header of every page: the brand, what the page puts there, the GPU, language and theme. */
export function Header() {
  const { t, language, setLanguage } = useWords();
  const dark = useDark();
  const account = useAccount();
  const [sheet, setSheet] = useState(false);
  useKeys({ '?': () => setSheet(true) });
  return (
    <header className="top">
      <a
        className="brand"
        href="/"
        aria-label={`IRIS Oculus: ${t('app.home')}`}
        onClick={(event) => {
          if (event.metaKey || event.ctrlKey || event.shiftKey) return;
          event.preventDefault();
          navigate('/');
        }}
      >
        <Mark />
        <span>IRIS Oculus</span>
      </a>
      <Slot name="title" className="top-title" />
      <Slot name="actions" className="top-actions" />
      <div className="top-tools">
        <Gpu />
        {account.signedIn && (
          <Button look="ghost" className="wide-only" onClick={account.signOut}>
            {t('account.signOut')}
          </Button>
        )}
        <fieldset className="languages">
          <legend className="unseen">{t('app.language')}</legend>
          {(['es', 'en'] as const).map((one) => (
            <button
              key={one}
              type="button"
              data-lang={one}
              lang={one}
              aria-pressed={language === one}
              title={one === 'es' ? 'Español' : 'English'}
              onClick={() => setLanguage(one)}
            >
              {one.toUpperCase()}
            </button>
          ))}
        </fieldset>
        <IconButton
          label={dark ? t('app.light') : t('app.dark')}
          icon={dark ? 'sun' : 'moon'}
          onClick={() => setTheme(dark ? 'light' : 'dark')}
        />
        <IconButton
          className="wide-only"
          label={t('keys.title')}
          icon="keyboard"
          aria-keyshortcuts="?"
          onClick={() => setSheet(true)}
        />
      </div>
      {sheet && <KeySheet onClose={() => setSheet(false)} />}
    </header>
  );
}
