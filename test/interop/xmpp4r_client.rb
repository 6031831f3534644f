#!/usr/bin/ruby
# frozen_string_literal: true

# Plays a scenario as an XMPP4R client and prints one JSON line for each step. See README.md for the steps.
#   xmpp4r_client.rb HOST PORT JID PASSWORD LIMIT_SECONDS STEPS_AS_JSON

require 'json'
require 'timeout'
require 'xmpp4r'
require 'xmpp4r/discovery'

RPC = 'urn:antiphon:rpc:1'
STANZAS = 'urn:ietf:params:xml:ns:xmpp-stanzas'
PING = 'urn:xmpp:ping'
ROSTER = 'jabber:iq:roster'
FORM = 'jabber:x:data'

$stdout.sync = true
Thread.report_on_exception = false

def tell(line)
  puts JSON.generate(line)
end

def text_of(element)
  element.texts.map(&:value).join
end

def describe_error(stanza)
  error = stanza.first_element('error')
  described = { type: error.attributes['type'] }
  error.each_element do |child|
    case child.namespace
    when STANZAS
      child.name == 'text' ? described[:text] = text_of(child) : described[:condition] = child.name
    when RPC
      described[:fault] = %w[code name executed enc].to_h { |name| [name, child.attributes[name]] }.compact
      described[:fault][:payload] = text_of(child)
    end
  end
  described
end

# The forms in an answer of disco (XEP-0128), each as {field: values}.
def forms_in(query)
  query.get_elements('x').select { |form| form.namespace == FORM }.map do |form|
    form.get_elements('field').to_h do |field|
      [field.attributes['var'], field.get_elements('value').map { |value| text_of(value) }]
    end
  end
end

# XMPP4R restarts the stream after SASL while the thread that it has just killed may still be reading from the socket;
# about one login in thirty hangs on that. Here it waits for the old thread's end first.
class Client < Jabber::Client
  def restart
    reader = @parser_thread
    stop
    reader.join
    start
  end
end

# One logged-in session. What arrives waits in `inbox` until a step takes it.
class Session
  def initialize(host, port, jid, password)
    @inbox = []
    @lock = Mutex.new
    @arrived = ConditionVariable.new
    @client = Client.new(Jabber::JID.new(jid))
    @client.allow_tls = false
    @client.connect(host, port)
    @client.auth(password)
    @client.add_stanza_callback { |stanza| receive(stanza) }
    tell(step: 'login', jid: @client.jid.to_s)
  end

  def receive(stanza)
    if stanza.name == 'iq' && stanza.type == :get && stanza.first_element('ping')
      answer = stanza.answer(false)
      answer.type = :result
      @client.send(answer)
      return true
    end
    @lock.synchronize do
      @inbox << stanza
      @arrived.broadcast
    end
    # For anything else XMPP4R would go on to its own callbacks; it has none here.
    true
  end

  # The whole scenario stands under one time limit, so that this wait needs none of its own.
  def take(&wanted)
    @lock.synchronize do
      loop do
        index = @inbox.index(&wanted)
        return @inbox.delete_at(index) if index

        @arrived.wait(@lock)
      end
    end
  end

  def send(stanza)
    @client.send(stanza)
  end

  def request(type, to, child)
    iq = Jabber::Iq.new(type, to && Jabber::JID.new(to))
    iq.id = Jabber::IdGenerator.generate_id
    iq.add(child)
    @client.send(iq)
    take { |stanza| stanza.name == 'iq' && stanza.id == iq.id && %i[result error].include?(stanza.type) }
  end

  def close
    @client.close
  end
end

def element(name, namespace, attributes = {})
  made = REXML::Element.new(name)
  made.add_namespace(namespace)
  attributes.each { |key, value| made.attributes[key] = value }
  made
end

def presence(step)
  stanza = Jabber::Presence.new
  stanza.to = Jabber::JID.new(step['to']) if step['to']
  stanza.type = step['type'].to_sym if step['type'] && step['type'] != 'available'
  stanza
end

def ask(session, step, child, type = :get)
  reply = session.request(type, step['to'], child)
  told = { step: step['do'], from: reply.from.to_s }
  reply.type == :error ? tell(told.merge(error: describe_error(reply))) : tell(told.merge(yield(reply)))
end

def play(session, step)
  case step['do']
  when 'presence'
    session.send(presence(step))
    tell(step: 'presence')
  when 'wait-presence'
    type = step['type'] || 'available'
    stanza = session.take do |got|
      got.name == 'presence' && (got.type || :available).to_s == type &&
        (step['show'].nil? || got.show.to_s == step['show']) &&
        (step['from'].nil? || [got.from.to_s, got.from.strip.to_s].include?(step['from']))
    end
    tell(step: 'wait-presence', from: stanza.from.to_s, type: type)
  when 'send'
    message = Jabber::Message.new(Jabber::JID.new(step['to']), step['body'])
    message.type = :chat
    session.send(message)
    tell(step: 'send')
  when 'wait-message'
    stanza = session.take { |got| got.name == 'message' && got.body && (step['body'].nil? || got.body == step['body']) }
    tell(step: 'wait-message', from: stanza.from.to_s, body: stanza.body)
  when 'ping'
    ask(session, step, element('ping', PING)) { { pong: true } }
  when 'info'
    ask(session, step, Jabber::Discovery::IqQueryDiscoInfo.new) do |reply|
      query = reply.query
      { identities: query.identities.map { |one| { category: one.category, type: one.type, name: one.iname }.compact },
        features: query.features, forms: forms_in(query) }
    end
  when 'items'
    ask(session, step, Jabber::Discovery::IqQueryDiscoItems.new) do |reply|
      { items: reply.query.items.map { |one| { jid: one.jid.to_s, node: one.node, name: one.iname }.compact } }
    end
  when 'roster'
    ask(session, step, element('query', ROSTER)) do |reply|
      { items: reply.query.get_elements('item').map { |one| { jid: one.attributes['jid'] } } }
    end
  when 'call'
    call = element('call', RPC, 'fn' => step['fn'], 'v' => step['v'] || '1.0.0', 'ttl' => '5000', 'enc' => 'json')
    call.text = step['payload']
    ask(session, step, call, (step['kind'] || 'get').to_sym) do |reply|
      answer = reply.first_element('reply')
      raise "no <reply/> in #{reply}" unless answer && answer.namespace == RPC

      { enc: answer.attributes['enc'], payload: text_of(answer) }
    end
  else
    raise "unknown step #{step['do']}"
  end
end

begin
  host, port, jid, password, limit, steps = ARGV
  Timeout.timeout(Integer(limit)) do
    session = Session.new(host, Integer(port), jid, password)
    JSON.parse(steps).each { |step| play(session, step) }
    session.close
    tell(step: 'done')
  end
rescue StandardError => e
  tell(step: 'failed', reason: "#{e.class}: #{e.message}")
  # Without the clean-up of a client that may hang in it.
  exit!(1)
end
