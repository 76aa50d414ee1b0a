/** What every call needs. */
export type Settings = {
  /** Where Veza is, e.g. `https://shop.example`. */
  baseUrl: string;
  /** Gives the access token to send, if there is one; asked at every call, so that it may be refreshed meanwhile. */
  accessToken?: () => string | undefined;
};

let settings: Settings = { baseUrl: 'http://127.0.0.1:8080' };

/** Says where Veza is and who is calling. */
export function configure(next: Settings): void {
  settings = next;
}

/**
 * Makes a call of the generated client. Answers, refusals too, come back as `{ data, status, headers }`: the type of `data`
 * follows from `status`. It throws only when there is no answer.
 */
export async function http<T>(path: string, init: RequestInit): Promise<T> {
  const headers = new Headers(init.headers);
  const token = settings.accessToken?.();
  if (token !== undefined && !headers.has('authorization')) {
    headers.set('authorization', `Bearer ${token}`);
  }
  const response = await fetch(new URL(path, settings.baseUrl), { ...init, headers });
  return { data: await read(response), status: response.status, headers: response.headers } as T;
}

/** The body in the type that it says it is: JSON, text, or bytes. */
async function read(response: Response): Promise<unknown> {
  if (response.status === 204 || response.status === 304) {
    return undefined;
  }
  const type = response.headers.get('content-type') ?? '';
  if (/[/+]json\b/.test(type)) {
    return response.json();
  }
  return type.startsWith('text/') ? response.text() : response.blob();
}
