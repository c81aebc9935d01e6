/*
 * session.h - one SMTP session: facts come in phase by phase, verdicts go out. The functions are those of
 * struct gp_api (gatepost.h).
 */
#ifndef GATEPOST_SESSION_SESSION_H
#define GATEPOST_SESSION_SESSION_H

#include "core/gatepost.h"

int session_open(struct gp_engine *engine, const struct gp_client *client, struct gp_session **session);
void session_close(struct gp_session **session);
uint32_t session_needs(struct gp_session *s);
void session_client_name(struct gp_session *s, const char *name, size_t n, uint32_t name_state);
void session_unknown(struct gp_session *s, uint32_t facts);
int session_connect(struct gp_session *s, struct gp_verdict *v);
int session_helo(struct gp_session *s, const char *text, size_t n, uint32_t flags, struct gp_verdict *v);
int session_mail(struct gp_session *s, const char *text, size_t n, uint32_t flags, struct gp_verdict *v);
int session_rcpt(struct gp_session *s, const char *text, size_t n, uint32_t flags, struct gp_verdict *v);
int session_data(struct gp_session *s, struct gp_verdict *v);
void session_mail_parsed(struct gp_session *s, const char *address, size_t n, uint32_t flags);
void session_rcpt_parsed(struct gp_session *s, const char *address, size_t n, uint32_t flags);
void session_auth(struct gp_session *s);
void session_rcpt_rejected(struct gp_session *s);
void session_header_text(struct gp_session *s, const char *bytes, size_t n);
void session_header(struct gp_session *s, const char *name, size_t name_size, const char *value,
                    size_t value_size);
int session_end_of_headers(struct gp_session *s, struct gp_verdict *v);
int session_end_of_message(struct gp_session *s, uint64_t message_size, struct gp_verdict *v);
void session_reset(struct gp_session *s);
const char *session_setting(struct gp_session *s, const char *name);
void session_trace(struct gp_session *s, void (*line)(void *context, const char *line, size_t n),
                   void *context);

#endif
