// The texts of the page where one uploads, with what shows them.

import { home } from './home';
import { include } from './i18n';
import { upload } from './upload';

include(home, upload);
