/** The shop: server and job queue in one process, which takes less memory than the two that Vendure's guide shows. */
import { bootstrap, JobQueueService } from '@vendure/core';
import { config } from './config';

bootstrap(config)
    .then(app => app.get(JobQueueService).start())
    .catch(error => {
        console.error(error);
        process.exit(1);
    });
