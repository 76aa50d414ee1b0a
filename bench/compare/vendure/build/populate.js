"use strict";
Object.defineProperty(exports, "__esModule", { value: true });
/** Makes a database with the shop's products and customers, its search index built: `node build/populate.js PRODUCTS CUSTOMERS PASSWORD`. */
const core_1 = require("@vendure/core");
const generated_types_1 = require("@vendure/common/lib/generated-types");
const cli_1 = require("@vendure/core/cli");
const node_fs_1 = require("node:fs");
const node_os_1 = require("node:os");
const node_path_1 = require("node:path");
const promises_1 = require("node:timers/promises");
const config_1 = require("./config");
/** The texts of Veza's products. */
const DESCRIPTION = 'Recorded in one take, mixed by hand. '.repeat(6);
const HEAD = [
    'name', 'slug', 'description', 'assets', 'facets', 'optionGroups', 'optionValues', 'sku', 'price', 'taxCategory', 'stockOnHand',
    'trackInventory', 'variantAssets', 'variantFacets',
];
const row = (n) => [`"Night drive, part ${n}"`, `night-drive-${n}`, `"${DESCRIPTION}"`, '', '', '', '', `ND${n}`, '10.00', 'standard', '0', 'false', '', ''].join(',');
async function main([products, customers, password]) {
    const folder = (0, node_fs_1.mkdtempSync)((0, node_path_1.join)((0, node_os_1.tmpdir)(), 'products-'));
    const csv = (0, node_path_1.join)(folder, 'products.csv');
    (0, node_fs_1.writeFileSync)(csv, [HEAD.join(','), ...Array.from({ length: Number(products) }, (_, n) => row(n))].join('\n') + '\n');
    const initial = {
        defaultLanguage: core_1.LanguageCode.en,
        defaultZone: 'Everywhere',
        countries: [{ code: 'US', name: 'United States', zone: 'Everywhere' }],
        taxRates: [{ name: 'None', percentage: 0 }],
        shippingMethods: [],
        paymentMethods: [
            { name: 'Provider', handler: { code: 'provider', arguments: [] } },
            { name: 'Dummy', handler: { code: 'dummy-payment-handler', arguments: [{ name: 'automaticSettle', value: 'true' }] } },
        ],
        collections: [],
    };
    const app = await (0, cli_1.populate)(() => (0, core_1.bootstrap)(config_1.config), initial, csv);
    (0, node_fs_1.rmSync)(folder, { recursive: true });
    const ctx = await app.get(core_1.RequestContextService).create({ apiType: 'admin' });
    for (let n = 0; n < Number(customers); n++) {
        const input = { emailAddress: `buyer${n}@bench.example`, firstName: 'Buyer', lastName: String(n) };
        await app.get(core_1.CustomerService).create(ctx, input, password);
    }
    await app.get(core_1.JobQueueService).start();
    const job = await app.get(core_1.SearchService).reindex(ctx);
    const jobs = app.get(core_1.ConfigService).jobQueueOptions.jobQueueStrategy;
    for (let state; state !== generated_types_1.JobState.COMPLETED; state = (await jobs.findOne(job.id))?.state) {
        if (state === generated_types_1.JobState.FAILED)
            throw new Error('the search index cannot be built');
        await (0, promises_1.setTimeout)(200);
    }
    await app.close();
}
main(process.argv.slice(2)).then(() => process.exit(0), error => {
    console.error(error);
    process.exit(1);
});
