// SPDX-License-Identifier: Apache-2.0
/** Where to listen; `host` is undefined for all interfaces. */
export interface ListenAddress {
  readonly host: string | undefined;
  readonly port: number;
}

const FORM = /^(?:\[(?<v6>[0-9a-fA-F:.%\w]+)\]|(?<name>[^:[\]\s/]*)):(?<port>\d{1,5})$/;

/** Parses `127.0.0.1:9641`, `[::1]:9641`, `localhost:9641` or `:9641`. Throws words for the operator. */
export function parseListenAddress(text: string): ListenAddress {
  const groups = FORM.exec(text)?.groups;
  const port = Number(groups?.port);
  if (!groups || port > 65_535)
    throw new Error(
      `--web.listen-address=${text}: expected HOST:PORT, for example 127.0.0.1:9641, [::1]:9641 or :9641`,
    );
  return { host: groups.v6 || groups.name || undefined, port };
}

/** The same as text, as in a URL. */
export function formatListenAddress({ host, port }: ListenAddress): string {
  return `${host?.includes(':') ? `[${host}]` : (host ?? '')}:${port}`;
}
