// The operators' API, for pages of our own: who is signed in, requests, fresh signatures.

export interface Session {
  account_id: string;
  role: string;
  rights: string[];
  csrf: string;
  exercise: boolean;
  signed_in: boolean;
  ends_in_s: number;
}

interface Options {
  account_id: string;
  publicKey: unknown;
}

const API = "/api/operators/v1";

export class Refusal extends Error {
  constructor(
    readonly status: number,
    detail: string,
  ) {
    super(detail);
  }
}

let csrf = "";

/** GET without a body, else POST; what is refused is thrown with its reason. */
export async function ask<T>(path: string, body?: object): Promise<T> {
  const answer = await fetch(API + path, {
    method: body ? "POST" : "GET",
    headers: { "Content-Type": "application/json", "X-CSRF-Token": csrf },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  const text = await answer.text();
  const told = text ? JSON.parse(text) : null;
  if (!answer.ok) {
    const detail: unknown = told?.detail;
    throw new Refusal(answer.status, typeof detail === "string" ? detail : JSON.stringify(detail));
  }
  return told as T;
}

/** Whose page this is; a Refusal of 401 means nobody's. */
export async function session(): Promise<Session> {
  const found = await ask<Session>("/session");
  csrf = found.csrf;
  return found;
}

/** A new passkey on this device. */
export async function makePasskey(options: Options): Promise<PublicKeyCredentialJSON> {
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(
    options.publicKey as PublicKeyCredentialCreationOptionsJSON,
  );
  return told(await navigator.credentials.create({ publicKey }));
}

/** A signature by a passkey of this device: to sign in, or under a draft. */
export async function usePasskey(options: Options): Promise<PublicKeyCredentialJSON> {
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(
    options.publicKey as PublicKeyCredentialRequestOptionsJSON,
  );
  return told(await navigator.credentials.get({ publicKey }));
}

/** The proof that `take cover` is sent or approved with. */
export async function signDraft(draftId: string): Promise<{ credential: PublicKeyCredentialJSON }> {
  return { credential: await usePasskey(await ask<Options>(`/drafts/${draftId}/challenge`, {})) };
}

export async function signIn(): Promise<void> {
  const credential = await usePasskey(await ask<Options>("/signin/options", {}));
  await ask("/signin/passkey", { credential });
}

export async function invitation(token: string): Promise<Options> {
  return ask<Options>("/invitation/options", { token });
}

function told(credential: Credential | null): PublicKeyCredentialJSON {
  if (!(credential instanceof PublicKeyCredential)) throw new Error("no passkey was used");
  return credential.toJSON() as PublicKeyCredentialJSON;
}
