import './tokens.css';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './ui/App';
import { loadJobPage } from './ui/ahead';
import { parse } from './ui/route';
import { startTheme } from './ui/widgets/theme';

startTheme();
// Beside /config.json and not after it.
if (['job', 'shared'].includes(parse(location.pathname).page)) loadJobPage();
const root = document.getElementById('root');
if (!root) throw new Error('index.html has no #root');
createRoot(root).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
