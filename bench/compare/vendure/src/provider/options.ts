export const OPTIONS = Symbol('provider options');

export interface Options {
    url: string;
    apiKey: string;
    webhookSecret: string;
}
