import './widgets/base.css';
import './widgets/widgets.css';
import './widgets/floating.css';
import { lazy, Suspense, useEffect } from 'react';
import { Header } from './Header';
import { Home } from './home/Home';
import { LanguageProvider, useWords } from './language';
import { navigate, type Route, useRoute } from './route';
import { AccountProvider, SignIn, useMustSignIn } from './SignIn';
import { Button } from './widgets/Button';
import { useKeptFocus } from './widgets/focus';
import { NoticesProvider } from './widgets/notices';
import { SlotsProvider } from './widgets/slots';

// What a job needs, the viewer among it, is not loaded where one uploads.
const JobPage = lazy(() => import('./job/JobPage'));
const SharedPage = lazy(() => import('./shared/SharedPage'));

export function App() {
  return (
    <LanguageProvider>
      <NoticesProvider>
        <AccountProvider>
          <SlotsProvider>
            <Frame />
          </SlotsProvider>
        </AccountProvider>
      </NoticesProvider>
    </LanguageProvider>
  );
}

function Frame() {
  const { t } = useWords();
  const route = useRoute();
  useKeptFocus();
  return (
    <>
      <a className="skip" href="#main">
        {t('app.skip')}
      </a>
      <Header />
      <Suspense fallback={<main id="main" className="page" tabIndex={-1} aria-busy="true" />}>
        <Page route={route} />
      </Suspense>
    </>
  );
}

function Page({ route }: { route: Route }) {
  const mustSignIn = useMustSignIn();
  // Whoever opens a shared link has no account here, and needs none.
  if (mustSignIn && (route.page === 'home' || route.page === 'job')) return <SignInPage />;
  switch (route.page) {
    case 'home':
      return <Home />;
    case 'job':
      return <JobPage key={route.id} id={route.id} />;
    case 'shared':
      return <SharedPage key={route.id} id={route.id} />;
    case 'missing':
      return <Missing />;
  }
}

function SignInPage() {
  const { t } = useWords();
  useTitle(t('account.title'));
  return (
    <main id="main" className="page" tabIndex={-1}>
      <SignIn />
    </main>
  );
}

function Missing() {
  const { t } = useWords();
  useTitle(t('app.notFound'));
  return (
    <main id="main" className="page" tabIndex={-1}>
      <section className="state">
        <h1>{t('app.notFound')}</h1>
        <p>
          <Button look="primary" onClick={() => navigate('/')}>
            {t('app.home')}
          </Button>
        </p>
      </section>
    </main>
  );
}

/** The title of the window. */
export function useTitle(title: string): void {
  useEffect(() => {
    document.title = title === 'IRIS Oculus' ? title : `${title} · IRIS Oculus`;
  }, [title]);
}
