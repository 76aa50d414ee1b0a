/** Makes a database with the shop's products and customers, its search index built: `node build/populate.js PRODUCTS CUSTOMERS PASSWORD`. */
import {
    bootstrap,
    ConfigService,
    CustomerService,
    InspectableJobQueueStrategy,
    JobQueueService,
    LanguageCode,
    RequestContextService,
    SearchService,
} from '@vendure/core';
import { JobState } from '@vendure/common/lib/generated-types';
import { populate } from '@vendure/core/cli';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { config } from './config';

/** The texts of Veza's products. */
const DESCRIPTION = 'Recorded in one take, mixed by hand. '.repeat(6);
const HEAD = [
    'name', 'slug', 'description', 'assets', 'facets', 'optionGroups', 'optionValues', 'sku', 'price', 'taxCategory', 'stockOnHand',
    'trackInventory', 'variantAssets', 'variantFacets',
];

const row = (n: number): string =>
    [`"Night drive, part ${n}"`, `night-drive-${n}`, `"${DESCRIPTION}"`, '', '', '', '', `ND${n}`, '10.00', 'standard', '0', 'false', '', ''].join(',');

async function main([products, customers, password]: string[]): Promise<void> {
    const folder = mkdtempSync(join(tmpdir(), 'products-'));
    const csv = join(folder, 'products.csv');
    writeFileSync(csv, [HEAD.join(','), ...Array.from({ length: Number(products) }, (_, n) => row(n))].join('\n') + '\n');
    const initial = {
        defaultLanguage: LanguageCode.en,
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
    const app = await populate(() => bootstrap(config), initial, csv);
    rmSync(folder, { recursive: true });
    const ctx = await app.get(RequestContextService).create({ apiType: 'admin' });
    for (let n = 0; n < Number(customers); n++) {
        const input = { emailAddress: `buyer${n}@bench.example`, firstName: 'Buyer', lastName: String(n) };
        await app.get(CustomerService).create(ctx, input, password);
    }
    await app.get(JobQueueService).start();
    const job = await app.get(SearchService).reindex(ctx);
    const jobs = app.get(ConfigService).jobQueueOptions.jobQueueStrategy as InspectableJobQueueStrategy;
    for (let state: JobState | undefined; state !== JobState.COMPLETED; state = (await jobs.findOne(job.id!))?.state) {
        if (state === JobState.FAILED) throw new Error('the search index cannot be built');
        await sleep(200);
    }
    await app.close();
}

main(process.argv.slice(2)).then(
    () => process.exit(0),
    error => {
        console.error(error);
        process.exit(1);
    },
);
