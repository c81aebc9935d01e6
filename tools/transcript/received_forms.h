/*
 * received_forms.h - the forms of the clause `from` of a Received field, and which server writes which. Pure; any
 * thread.
 */
#ifndef GATEPOST_TOOLS_TRANSCRIPT_RECEIVED_FORMS_H
#define GATEPOST_TOOLS_TRANSCRIPT_RECEIVED_FORMS_H

#include "received_shapes.h"

/* Finds the form of a field whose clauses are read already, and sets form, helo, name and client. Leaves all that
 * if no form matches. */
void received_forms_find(const struct received_tokens *t, struct received *r);

/* The number of forms, and the name of one: for tests and the manual. */
size_t received_forms_count(void);
const char *received_forms_name(size_t i);

/* Whether a comment of the server says that the client logged in. */
bool received_forms_authenticated(struct text comment);

#endif
