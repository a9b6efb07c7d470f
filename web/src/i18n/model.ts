// The texts of the routes that show a job: loaded with them.
import { endings } from './endings';
import { include } from './i18n';
import { job } from './job';
import { viewer } from './viewer';

include(job, endings, viewer);
