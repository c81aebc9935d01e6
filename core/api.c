#include "core/engine/engine.h"
#include "core/session/session.h"

static const struct gp_trace_ext trace = {.size = sizeof trace, .set = session_trace};
static const struct gp_settings_ext settings = {.size = sizeof settings, .get = session_setting};

static const void *get_ext(const char *name_revision)
{
    struct text name = text_z(name_revision);
    return text_eq(name, TEXT("trace/1"))      ? (const void *)&trace
           : text_eq(name, TEXT("settings/1")) ? &settings
                                               : NULL;
}

static const struct gp_api api = {
    .size = sizeof api,
    .major = GP_API_MAJOR,
    .minor = 1,
    .version = GATEPOST_VERSION,
    .engine_open = engine_open,
    .engine_close = engine_close,
    .engine_refresh = engine_refresh,
    .session_open = session_open,
    .session_close = session_close,
    .needs = session_needs,
    .client_name = session_client_name,
    .unknown = session_unknown,
    .connect = session_connect,
    .helo = session_helo,
    .mail = session_mail,
    .rcpt = session_rcpt,
    .data = session_data,
    .auth = session_auth,
    .rcpt_rejected = session_rcpt_rejected,
    .header_text = session_header_text,
    .header = session_header,
    .end_of_headers = session_end_of_headers,
    .end_of_message = session_end_of_message,
    .reset = session_reset,
    .get_ext = get_ext,
    .mail_parsed = session_mail_parsed,
    .rcpt_parsed = session_rcpt_parsed,
};

const struct gp_api *gatepost_api(uint32_t major)
{
    return major == GP_API_MAJOR ? &api : NULL;
}
