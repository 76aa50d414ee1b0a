"use strict";
Object.defineProperty(exports, "__esModule", { value: true });
/** The shop: server and job queue in one process, which takes less memory than the two that Vendure's guide shows. */
const core_1 = require("@vendure/core");
const config_1 = require("./config");
(0, core_1.bootstrap)(config_1.config)
    .then(app => app.get(core_1.JobQueueService).start())
    .catch(error => {
    console.error(error);
    process.exit(1);
});
