import { LanguageProvider, useWords } from './language';
import { useRoute } from './route';

export function App() {
  return (
    <LanguageProvider>
      <Page />
    </LanguageProvider>
  );
}

function Page() {
  const { t } = useWords();
  const route = useRoute();
  if (route.page === 'home') return <h1>{t('app.tagline')}</h1>;
  return <a href="/">{t('app.home')}</a>;
}
