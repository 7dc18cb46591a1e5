// Calls a bridge with the client that was generated from its description, and prints what it was told.
// Arguments: the bridge's address, an API key, a linked user.

import createClient from "openapi-fetch";
import type { paths } from "./bridge.js";

const [url = "", key = "", user = ""] = process.argv.slice(2);
const bridge = createClient<paths>({ baseUrl: url, headers: { "X-API-Key": key } });

const { data: status } = await bridge.GET("/api/status", { params: { query: { userId: user } } });
const { data: nobody } = await bridge.GET("/api/status", { params: { query: { userId: "nobody" } } });
const { error } = await bridge.POST("/api/withings/sync", { body: { cognitoUserId: user } });

// The types tell the linked from the others, and an error from an answer.
const minutes: number | undefined = status?.authenticated ? status.expires_in_minutes : undefined;
const why: string | undefined = nobody?.authenticated === false ? nobody.message : undefined;
const code: string | undefined = error?.code;

// What the description doesn't know doesn't compile.
// @ts-expect-error
void (() => bridge.GET("/api/withings/none"));
// @ts-expect-error
void (() => bridge.POST("/api/withings/sync", { body: { cognitoUserId: 7 } }));

console.log(JSON.stringify({ userid: status?.authenticated && status.userid, minutes: typeof minutes, why, code }));
