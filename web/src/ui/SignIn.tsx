import { createContext, type FormEvent, type ReactNode, use, useEffect, useState, useSyncExternalStore } from 'react';
import { account, beginSignIn, endSignIn, signInWith, signOut } from '../api/account';
import { type Config, configure } from '../api/config';
import { useWords } from './language';
import { navigate } from './route';
import { Button } from './widgets/Button';
import { TextField } from './widgets/Field';

const Context = createContext<Config | null>(null);

/** Learns how this page is served, and ends a sign-in that leads back here, before it shows anything. */
export function AccountProvider({ children }: { children: ReactNode }) {
  const [config, setConfig] = useState<Config | null>(null);
  useEffect(() => {
    let gone = false;
    void (async () => {
      const told = await configure();
      const back = await endSignIn(told.signIn).catch(() => null);
      if (new URLSearchParams(location.search).has('code')) history.replaceState(null, '', back ?? '/');
      if (back !== null) navigate(back);
      if (!gone) setConfig(told);
    })();
    return () => {
      gone = true;
    };
  }, []);
  return config && <Context value={config}>{children}</Context>;
}

export function useAccount() {
  const config = use(Context);
  const signedIn = useSyncExternalStore(account.subscribe, account.signedIn);
  return { signIn: config?.signIn ?? null, signedIn, signOut };
}

/** Whether somebody has to sign in before anything can be asked for. */
export function useMustSignIn(): boolean {
  const { signIn, signedIn } = useAccount();
  return signIn !== null && !signedIn;
}

/** Asks who is there: by the issuer's page, or by a token. */
export function SignIn() {
  const { t } = useWords();
  const { signIn } = useAccount();
  const [token, setToken] = useState('');
  const [failed, setFailed] = useState(false);
  const [busy, setBusy] = useState(false);
  if (signIn?.kind === 'oidc') {
    return (
      <section className="state">
        <h1>{t('account.title')}</h1>
        <p>{t('account.oidc')}</p>
        {failed && (
          <p role="alert" className="wrong">
            {t('account.failed')}
          </p>
        )}
        <p>
          <Button
            look="primary"
            busy={busy}
            onClick={() => {
              setBusy(true);
              setFailed(false);
              beginSignIn(signIn).catch(() => {
                setFailed(true);
                setBusy(false);
              });
            }}
          >
            {t('account.signIn')}
          </Button>
        </p>
      </section>
    );
  }
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (token.trim() !== '') signInWith(token);
  };
  return (
    <section className="state">
      <h1>{t('account.title')}</h1>
      <p>{t('account.token')}</p>
      <form onSubmit={submit}>
        <TextField
          label={t('account.tokenLabel')}
          hint={
            <>
              {t('account.tokenHint')} <code>iris env</code>
            </>
          }
          type="password"
          value={token}
          onChange={(event) => setToken(event.target.value)}
        />
        <Button look="primary" type="submit">
          {t('account.signIn')}
        </Button>
      </form>
    </section>
  );
}
