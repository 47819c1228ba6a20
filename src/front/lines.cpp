#include "front/lines.h"

namespace peregrine::front {
namespace {

enum class Protocol : std::uint8_t { smtp, imap, pop3 };

Protocol protocol_of(Service service) {
  switch (service) {
    case Service::imap:
    case Service::imaps:
      return Protocol::imap;
    case Service::pop3:
    case Service::pop3s:
      return Protocol::pop3;
    default:
      return Protocol::smtp;
  }
}

struct RefusalTexts {
  std::string_view smtp, imap, pop3;
};

// RFC 5321 section 3.8, RFC 9051 section 7.1.5, RFC 3206 section 3.
RefusalTexts texts_of(Refusal refusal) {
  switch (refusal) {
    case Refusal::too_many:
      return {"421 4.7.0 Too many connections, try again later",
              "* BYE [LIMIT] Too many connections, try again later",
              "-ERR [SYS/TEMP] Too many connections, try again later"};
    case Refusal::no_worker:
      return {"421 4.3.0 Service not available, try again later",
              "* BYE [UNAVAILABLE] Service not available, try again later",
              "-ERR [SYS/TEMP] Service not available, try again later"};
    case Refusal::stopping:
      return {"421 4.3.2 Service shutting down", "* BYE Service shutting down",
              "-ERR [SYS/TEMP] Service shutting down"};
    case Refusal::too_slow:
      return {"421 4.4.2 Nothing received in time", "* BYE Nothing received in time",
              "-ERR Nothing received in time"};
    case Refusal::banned:
      return {"421 4.7.0 Too many offences, try again later",
              "* BYE [UNAVAILABLE] Too many offences, try again later",
              "-ERR [SYS/TEMP] Too many offences, try again later"};
    case Refusal::foreign:
      return {"554 5.5.1 Not an SMTP client", "* BYE Not an IMAP client", "-ERR Not a POP3 client"};
    case Refusal::early_talk:
      return {"554 5.5.1 Talked before the greeting", "* BYE Talked before the greeting",
              "-ERR Talked before the greeting"};
  }
  return {};
}

}  // namespace

std::string greeting(Service service, std::string_view hostname) {
  std::string host(hostname);
  switch (service) {
    // RFC 2033 section 4: LMTP greets as SMTP does.
    case Service::lmtp:
      return "220 " + host + " LMTP\r\n";
    case Service::imap:
    case Service::imaps:
      return "* OK " + host + " ready\r\n";
    case Service::pop3:
    case Service::pop3s:
      return "+OK " + host + " ready\r\n";
    default:
      return "220 " + host + " ESMTP\r\n";
  }
}

std::string greeting_start(Service service, std::string_view hostname) {
  if (service != Service::smtp) return {};
  return "220-" + std::string(hostname) + " One moment, please\r\n";
}

std::string refusal_line(Service service, Refusal refusal) {
  RefusalTexts texts = texts_of(refusal);
  switch (protocol_of(service)) {
    case Protocol::imap:
      return std::string(texts.imap) + "\r\n";
    case Protocol::pop3:
      return std::string(texts.pop3) + "\r\n";
    case Protocol::smtp:
      break;
  }
  return std::string(texts.smtp) + "\r\n";
}

Role first_role(Service service) {
  return service == Service::smtp || service == Service::lmtp ? Role::mx : Role::login;
}

}  // namespace peregrine::front
