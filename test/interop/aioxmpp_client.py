#!/usr/bin/python3
"""Plays a scenario as an aioxmpp client and prints one JSON line for each step. See README.md for the steps.

aioxmpp is strict about what it receives: a stanza that its schema does not know is answered with an error or ends the
stream. What it has no class for it does not see; the classes below are all that a call takes.

aioxmpp_client.py HOST PORT JID PASSWORD LIMIT_SECONDS STEPS_AS_JSON
"""

import asyncio
import json
import logging
import os
import sys
import warnings

warnings.simplefilter("ignore")  # it announces on standard error which string preparation it uses

import aioxmpp  # noqa: E402
import aioxmpp.dispatcher  # noqa: E402
import aioxmpp.entitycaps.caps115  # noqa: E402
import aioxmpp.ping  # noqa: E402
import aioxmpp.roster.xso  # noqa: E402
import aioxmpp.stanza  # noqa: E402
import aioxmpp.xso  # noqa: E402

RPC = "urn:antiphon:rpc:1"


class Payload(aioxmpp.xso.XSO):
    """An element with text in an encoding."""

    enc = aioxmpp.xso.Attr("enc", default=None)
    text = aioxmpp.xso.Text(default=None)


@aioxmpp.IQ.as_payload_class
class Call(Payload):
    TAG = (RPC, "call")
    fn = aioxmpp.xso.Attr("fn")
    v = aioxmpp.xso.Attr("v", default=None)
    ttl = aioxmpp.xso.Attr("ttl", type_=aioxmpp.xso.Integer())


@aioxmpp.IQ.as_payload_class
class Reply(Payload):
    TAG = (RPC, "reply")


@aioxmpp.stanza.Error.as_application_condition
class Fault(Payload):
    TAG = (RPC, "fault")
    code = aioxmpp.xso.Attr("code")
    executed = aioxmpp.xso.Attr("executed", default=None)
    name = aioxmpp.xso.Attr("name", default=None)


def tell(**line):
    print(json.dumps(line), flush=True)


def describe_error(error):
    described = {"type": error.TYPE.value, "condition": error.condition.value[1]}
    if error.text:
        described["text"] = error.text
    fault = getattr(error, "application_defined_condition", None)
    if isinstance(fault, Fault):
        attributes = {"code": fault.code, "executed": fault.executed, "name": fault.name, "enc": fault.enc}
        described["fault"] = {key: value for key, value in attributes.items() if value is not None}
        described["fault"]["payload"] = fault.text or ""
    return described


def form_of(data):
    """A form in an answer of disco (XEP-0128), as {field: values}."""
    return {field.var: list(field.values) for field in data.fields}


class Inbox:
    """What has arrived and no step has taken yet. The scenario's own limit bounds every wait."""

    def __init__(self):
        self.stanzas = []
        self.arrived = asyncio.Event()

    def put(self, stanza):
        self.stanzas.append(stanza)
        self.arrived.set()

    async def take(self, wanted):
        while True:
            self.arrived.clear()
            for stanza in self.stanzas:
                if wanted(stanza):
                    self.stanzas.remove(stanza)
                    return stanza
            await self.arrived.wait()


class Player:
    def __init__(self, client):
        self.client = client
        self.inbox = Inbox()
        self.disco = client.summon(aioxmpp.DiscoClient)
        self.caps = client.summon(aioxmpp.EntityCapsService)
        self.caps_in_presence = {}
        self.pinger = client.summon(aioxmpp.ping.PingService)
        messages = client.summon(aioxmpp.dispatcher.SimpleMessageDispatcher)
        messages.register_callback(None, None, self.inbox.put)
        presences = client.summon(aioxmpp.dispatcher.SimplePresenceDispatcher)
        for kind in aioxmpp.PresenceType:
            presences.register_callback(kind, None, self.inbox.put)

    async def play(self, step):
        kind = step["do"]
        if kind == "presence":
            await self.client.send(presence(step))
            tell(step=kind)
        elif kind == "wait-presence":
            wanted_type = step.get("type", "available")
            stanza = await self.inbox.take(lambda got: is_presence(got, wanted_type, step))
            self.caps_in_presence[str(stanza.from_)] = stanza.xep0115_caps
            tell(step=kind, type=wanted_type, **{"from": str(stanza.from_)})
        elif kind == "caps":
            tell(step=kind, ver=await self.verified_caps(step["from"]), **{"from": step["from"]})
        elif kind == "send":
            message = aioxmpp.Message(type_=aioxmpp.MessageType.CHAT, to=aioxmpp.JID.fromstr(step["to"]))
            message.body[None] = step["body"]
            await self.client.send(message)
            tell(step=kind)
        elif kind == "wait-message":
            stanza = await self.inbox.take(lambda got: is_message(got, step.get("body")))
            tell(step=kind, body=stanza.body.any(), **{"from": str(stanza.from_)})
        else:
            try:
                to = aioxmpp.JID.fromstr(step["to"]) if "to" in step else None
                tell(step=kind, **{"from": str(to)}, **await self.ask(step, to))
            except aioxmpp.errors.XMPPError as error:
                tell(step=kind, error=describe_error(error), **{"from": str(to)})

    async def verified_caps(self, jid):
        """The hash of the last presence that was waited for, once it is in the cache of those that were verified."""
        told = self.caps_in_presence[jid]
        await self.disco.query_info(aioxmpp.JID.fromstr(jid))
        await self.caps.cache.lookup(aioxmpp.entitycaps.caps115.Key(told.hash_, f"{told.node}#{told.ver}"))
        return told.ver

    async def ask(self, step, to):
        kind = step["do"]
        if kind == "roster":
            query = aioxmpp.IQ(type_=aioxmpp.IQType.GET, payload=aioxmpp.roster.xso.Query())
            reply = await self.client.send(query)
            return {"items": [{"jid": str(one.jid)} for one in reply.items]}
        if kind == "ping":
            await self.pinger.ping(to)
            return {"pong": True}
        if kind == "info":
            info = await self.disco.query_info(to, require_fresh=True)
            identities = [
                {key: value for key, value in (("category", one.category), ("type", one.type_), ("name", one.name)) if value}
                for one in info.identities
            ]
            forms = [form_of(data) for data in info.exts]
            return {"identities": identities, "features": sorted(info.features), "forms": forms}
        if kind == "items":
            rows = (await self.disco.query_items(to, require_fresh=True)).items
            items = [
                {key: value for key, value in (("jid", str(one.jid)), ("node", one.node), ("name", one.name)) if value}
                for one in rows
            ]
            return {"items": items}
        if kind == "call":
            call = Call()
            call.fn, call.v, call.ttl = step["fn"], step.get("v", "1.0.0"), 5000
            call.enc, call.text = "json", step["payload"]
            reply = await self.client.send(aioxmpp.IQ(type_=aioxmpp.IQType(step.get("kind", "get")), to=to, payload=call))
            if not isinstance(reply, Reply):
                raise ValueError(f"no <reply/> but {reply}")
            return {"enc": reply.enc, "payload": reply.text or ""}
        raise ValueError(f"unknown step {kind}")


def presence(step):
    stanza = aioxmpp.Presence(type_=aioxmpp.PresenceType(None if step.get("type") == "available" else step.get("type")))
    if "to" in step:
        stanza.to = aioxmpp.JID.fromstr(step["to"])
    return stanza


def is_presence(stanza, wanted_type, step):
    if not isinstance(stanza, aioxmpp.Presence) or (stanza.type_.value or "available") != wanted_type:
        return False
    if "show" in step and (stanza.show.value or "") != step["show"]:
        return False
    sender = step.get("from")
    return sender is None or sender in (str(stanza.from_), str(stanza.from_.bare()))


def is_message(stanza, body):
    return isinstance(stanza, aioxmpp.Message) and bool(stanza.body) and body in (None, stanza.body.any())


async def main(host, port, jid, password, steps):
    security = aioxmpp.make_security_layer(password, no_verify=True)._replace(tls_required=False)
    client = aioxmpp.Client(
        aioxmpp.JID.fromstr(jid),
        security,
        override_peer=[(host, int(port), aioxmpp.connector.STARTTLSConnector())],
        max_initial_attempts=1,
    )
    player = Player(client)
    async with client.connected():
        tell(step="login", jid=str(client.local_jid))
        for step in json.loads(steps):
            await player.play(step)
    tell(step="done")


if __name__ == "__main__":
    logging.basicConfig(level=logging.CRITICAL)
    host, port, jid, password, limit, steps = sys.argv[1:]
    try:
        asyncio.run(asyncio.wait_for(main(host, port, jid, password, steps), int(limit)))
    except Exception as error:  # noqa: BLE001 — whatever it is, the test must see it
        tell(step="failed", reason=f"{type(error).__name__}: {error}")
        os._exit(1)  # without the clean-up of a client that may hang in it
