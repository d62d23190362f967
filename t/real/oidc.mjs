// SPDX-License-Identifier: ISC
/*
 * The sandbox's second OAuth 2.0 provider: npm's oidc-provider, as it is.
 *
 * usage: node oidc.mjs FD CONFIG
 *
 * FD is a listening socket that was inherited; CONFIG a JSON file with
 * "issuer", "modules" (where npm put its packages), "cert", "key", "jwks",
 * "resource", "cookie_key", "requests" (a file), "control" (a secret), "people" (their
 * logins) and "clients". A client is what oidc-provider wants to know of it,
 * with "keys" (files and algorithms instead of a jwks), "mailbox" (that its own
 * tokens open), "life" (of access tokens, in seconds) and "device_life".
 *
 *     POST /control/revoke   {"client": ID, "only": "access"}: that client's
 *                            tokens die, or only those for access
 *
 * with Bearer CONTROL. Each request to the token endpoint becomes a line of
 * JSON in the file "requests".
 */
import { createPrivateKey, createPublicKey, timingSafeEqual } from 'node:crypto';
import fs from 'node:fs';
import https from 'node:https';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const [fd, file] = process.argv.slice(2);
const config = JSON.parse(fs.readFileSync(file, 'utf8'));
const resolve = createRequire(`${config.modules}/`).resolve;
const { default: Provider, errors } = await import(
	pathToFileURL(resolve('oidc-provider')));

const jwk = (key, more) => ({ ...key.export({ format: 'jwk' }), use: 'sig', ...more });

function registered({ keys, ...client }) {
	if (!keys)
		return client;
	return { ...client, jwks: { keys: keys.map(({ file, ...more }) =>
		jwk(createPublicKey(fs.readFileSync(file)), more)) } };
}

// What oidc-provider asks for when a token is made: it is the mailbox that the
// mail server reads at the introspection endpoint.
async function claims(ctx, token) {
	if (token.accountId)
		return { email: token.accountId };
	const client = await provider.Client.find(token.clientId);
	return client.mailbox ? { email: client.mailbox } : undefined;
}

// The one resource there is (RFC 8707): the mail server.
async function resource(ctx, indicator) {
	if (indicator !== config.resource)
		throw new errors.InvalidTarget();
	return { scope: 'smtp', accessTokenFormat: 'opaque' };
}

const life = (ctx, token, client) => client?.life ?? 3600;

const provider = new Provider(config.issuer, {
	clients: config.clients.map(registered),
	jwks: { keys: [jwk(createPrivateKey(fs.readFileSync(config.jwks)),
		{ alg: 'RS256', kid: 'sandbox' })] },
	cookies: { keys: [config.cookie_key] },
	scopes: ['openid', 'offline_access', 'smtp', 'calendar'],
	extraClientMetadata: { properties: ['mailbox', 'life', 'device_life'] },
	findAccount: (ctx, id) => config.people.includes(id) && {
		accountId: id, claims: async () => ({ sub: id, email: id }) },
	extraTokenClaims: claims,
	claims: { openid: ['sub', 'email'] },
	pkce: { methods: ['S256'], required: () => true },
	rotateRefreshToken: true,
	expiresWithSession: async () => false,
	conformIdTokenClaims: false,
	ttl: { AccessToken: life, ClientCredentials: life, AuthorizationCode: 60,
		DeviceCode: (ctx, token, client) => client.device_life ?? 300,
		RefreshToken: 86400, Grant: 86400, IdToken: 600, Interaction: 600,
		Session: 600 },
	features: {
		devInteractions: { enabled: true },
		clientCredentials: { enabled: true },
		deviceFlow: { enabled: true },
		introspection: { enabled: true, allowedPolicy: (ctx, client) =>
			client.clientId === 'mail-server' },
		revocation: { enabled: true },
		resourceIndicators: { enabled: true,
			defaultResource: () => undefined,
			useGrantedResource: () => true,
			getResourceServerInfo: resource },
	},
});

function way(ctx) {
	const sent = ctx.oidc?.params ?? {};
	if (ctx.headers.authorization)
		return 'basic';
	return sent.client_assertion ? 'jwt' : sent.client_secret ? 'post' : 'none';
}

function note(ctx, error) {
	const sent = ctx.oidc?.params ?? {};
	fs.appendFileSync(config.requests, `${JSON.stringify({
		at: Date.now() / 1000,
		client: ctx.oidc?.client?.clientId ?? sent.client_id ?? null,
		auth: way(ctx),
		grant: sent.grant_type ?? null, scope: sent.scope ?? null,
		resource: sent.resource ?? null,
		status: error ? error.statusCode ?? 500 : ctx.status,
		error: error?.error ?? null, why: error?.error_detail ?? null })}\n`);
}

// Tokens and grants by client, so that they can be made to end.
const live = [];
for (const kind of ['access_token', 'client_credentials', 'refresh_token'])
	provider.on(`${kind}.saved`, (token) => live.push(token));
provider.on('grant.success', (ctx) => note(ctx));
provider.on('grant.error', note);
provider.on('server_error', (ctx, error) => console.error(error));

async function revoke({ client, only }) {
	const mine = live.filter((token) => token.clientId === client &&
		(only !== 'access' || token.kind !== 'RefreshToken'));
	for (const token of mine) {
		await token.destroy();
		live.splice(live.indexOf(token), 1);
	}
	return { revoked: mine.length };
}

async function body(request) {
	const parts = [];
	for await (const part of request)
		parts.push(part);
	return JSON.parse(Buffer.concat(parts).toString() || '{}');
}

function isControl(request) {
	const given = Buffer.from(request.headers.authorization ?? '');
	const wanted = Buffer.from(`Bearer ${config.control}`);
	return given.length === wanted.length && timingSafeEqual(given, wanted);
}

async function control(request, answer) {
	let status = 403, said = { error: 'access_denied' };
	if (isControl(request) && request.url === '/control/revoke') {
		status = 200;
		said = await revoke(await body(request));
	}
	answer.writeHead(status, { 'content-type': 'application/json' });
	answer.end(JSON.stringify(said));
}

const answerer = provider.callback();
const server = https.createServer({ cert: fs.readFileSync(config.cert),
	key: fs.readFileSync(config.key) }, (request, answer) =>
	request.url.startsWith('/control/')
		? control(request, answer).catch((error) => {
			console.error(error);
			answer.destroy();
		})
		: answerer(request, answer));
server.listen({ fd: Number(fd) });
