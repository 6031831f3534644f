#!/usr/bin/python3
"""Plays a scenario as a slixmpp client and prints one JSON line for each step. See README.md for the steps.

slixmpp_client.py HOST PORT JID PASSWORD LIMIT_SECONDS STEPS_AS_JSON
"""

import asyncio
import json
import logging
import os
import sys
import xml.etree.ElementTree as ET

import slixmpp
from slixmpp.exceptions import IqError

RPC = "urn:antiphon:rpc:1"
STANZAS = "urn:ietf:params:xml:ns:xmpp-stanzas"
FORM = "jabber:x:data"


def tell(**line):
    print(json.dumps(line), flush=True)


def describe_error(stanza):
    error = stanza.xml.find("{jabber:client}error")
    described = {"type": error.get("type")}
    for child in error:
        namespace, _, name = child.tag[1:].partition("}")
        if namespace == STANZAS and name == "text":
            described["text"] = child.text
        elif namespace == STANZAS:
            described["condition"] = name
        elif namespace == RPC and name == "fault":
            described["fault"] = {**child.attrib, "payload": child.text or ""}
    return described


def forms_in(query):
    """The forms in an answer of disco (XEP-0128), each as {field: values}."""
    return [
        {
            field.get("var"): [value.text or "" for value in field.iterfind(f"{{{FORM}}}value")]
            for field in form.iterfind(f"{{{FORM}}}field")
        }
        for form in query.iterfind(f"{{{FORM}}}x")
    ]


class Inbox:
    """What has arrived and no step has taken yet. The scenario's own limit bounds every wait."""

    def __init__(self):
        self.stanzas = []
        self.arrived = asyncio.Condition()

    async def put(self, stanza):
        async with self.arrived:
            self.stanzas.append(stanza)
            self.arrived.notify_all()

    async def take(self, wanted):
        async with self.arrived:
            while True:
                for stanza in self.stanzas:
                    if wanted(stanza):
                        self.stanzas.remove(stanza)
                        return stanza
                await self.arrived.wait()


class Player(slixmpp.ClientXMPP):
    def __init__(self, jid, password):
        super().__init__(jid, password)
        self.inbox = Inbox()
        # Subscriptions are answered by steps, not by themselves.
        self.auto_authorize = None
        self.auto_subscribe = None
        self["feature_mechanisms"].unencrypted_plain = True
        self.register_plugin("xep_0030")
        self.register_plugin("xep_0115")
        self.register_plugin("xep_0199")
        self.add_event_handler("message", self.inbox.put)
        self.add_event_handler("presence", self.inbox.put)
        self.started = asyncio.get_running_loop().create_future()
        self.add_event_handler("session_start", lambda _: self.settle(None))
        self.add_event_handler("failed_all_auth", lambda _: self.settle("no mechanism was accepted"))
        self.add_event_handler("connection_failed", lambda error: self.settle(f"connection failed: {error}"))
        self.add_event_handler("disconnected", lambda error: self.settle(f"disconnected: {error}"))

    def settle(self, failure):
        if not self.started.done():
            if failure is None:
                self.started.set_result(None)
            else:
                self.started.set_exception(ConnectionError(failure))

    async def play(self, step):
        kind = step["do"]
        if kind == "presence":
            self.send_presence(pto=step.get("to"), ptype=step.get("type"))
            tell(step=kind)
        elif kind == "wait-presence":
            wanted_type = step.get("type", "available")
            stanza = await self.inbox.take(lambda got: is_presence(got, wanted_type, step))
            tell(step=kind, type=wanted_type, **{"from": str(stanza["from"])})
        elif kind == "caps":
            tell(step=kind, ver=await self.verified_caps(step["from"]), **{"from": step["from"]})
        elif kind == "send":
            self.send_message(mto=step["to"], mbody=step["body"], mtype="chat")
            tell(step=kind)
        elif kind == "wait-message":
            stanza = await self.inbox.take(lambda got: is_message(got, step.get("body")))
            tell(step=kind, body=stanza["body"], **{"from": str(stanza["from"])})
        else:
            try:
                reply, told = await self.ask(step)
                tell(step=kind, **{"from": str(reply["from"])}, **told)
            except IqError as error:
                tell(step=kind, error=describe_error(error.iq), **{"from": str(error.iq["from"])})

    async def verified_caps(self, jid):
        """The hash that the plugin has taken over from presence, which it does once it has verified it."""
        while True:
            ver = await self["xep_0115"].get_verstring(jid)
            if ver and await self["xep_0115"].get_caps(verstring=ver) is not None:
                return str(ver)
            await asyncio.sleep(0.05)

    async def ask(self, step):
        kind, to = step["do"], step.get("to")
        if kind == "roster":
            # Not get_roster(): with roster versioning (RFC 6121 section 2.6) that gets an empty answer the second time.
            iq = self.make_iq_get()
            iq.enable("roster")
            reply = await iq.send(timeout=None)
            return reply, {"items": [{"jid": str(jid)} for jid in reply["roster"]["items"]]}
        if kind == "ping":
            return await self["xep_0199"].send_ping(to, timeout=None), {"pong": True}
        if kind == "info":
            reply = await self["xep_0030"].get_info(jid=to, cached=False)
            info = reply["disco_info"]
            names = ("category", "type", "lang", "name")
            identities = [
                {key: value for key, value in zip(names, row) if value and key != "lang"} for row in info["identities"]
            ]
            return reply, {"identities": identities, "features": list(info["features"]), "forms": forms_in(info.xml)}
        if kind == "items":
            reply = await self["xep_0030"].get_items(jid=to)
            rows = [dict(zip(("jid", "node", "name"), row)) for row in reply["disco_items"]["items"]]
            items = [{key: str(value) for key, value in row.items() if value} for row in rows]
            return reply, {"items": items}
        if kind == "call":
            iq = self.make_iq(ito=to, itype=step.get("kind", "get"))
            attributes = {"fn": step["fn"], "v": step.get("v", "1.0.0"), "ttl": "5000", "enc": "json"}
            call = ET.SubElement(iq.xml, f"{{{RPC}}}call", attributes)
            call.text = step["payload"]
            reply = await iq.send(timeout=None)
            answer = reply.xml.find(f"{{{RPC}}}reply")
            if answer is None:
                raise ValueError(f"no <reply/> in {reply}")
            return reply, {"enc": answer.get("enc"), "payload": answer.text or ""}
        raise ValueError(f"unknown step {kind}")


def is_presence(stanza, wanted_type, step):
    if stanza.name != "presence" or stanza.xml.get("type", "available") != wanted_type:
        return False
    if "show" in step and stanza.xml.findtext("{jabber:client}show", "") != step["show"]:
        return False
    sender = step.get("from")
    return sender is None or sender in (str(stanza["from"]), stanza["from"].bare)


def is_message(stanza, body):
    return stanza.name == "message" and stanza["body"] != "" and body in (None, stanza["body"])


async def main(host, port, jid, password, steps):
    client = Player(jid, password)
    client.connect(address=(host, int(port)), use_ssl=False, force_starttls=False, disable_starttls=True)
    await client.started
    tell(step="login", jid=str(client.boundjid))
    for step in json.loads(steps):
        await client.play(step)
    await client.disconnect(wait=2)
    tell(step="done")


if __name__ == "__main__":
    logging.basicConfig(level=logging.ERROR)
    host, port, jid, password, limit, steps = sys.argv[1:]
    try:
        asyncio.run(asyncio.wait_for(main(host, port, jid, password, steps), int(limit)))
    except Exception as error:  # noqa: BLE001 — whatever it is, the test must see it
        tell(step="failed", reason=f"{type(error).__name__}: {error}")
        os._exit(1)  # without the clean-up of a client that may hang in it
