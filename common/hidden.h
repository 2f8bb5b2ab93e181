/*
 * Characters that nobody sees and a terminal obeys: controls and escapes, line separators,
 * and the marks that turn the direction of writing. Texts come from files and databases of
 * other people.
 */
#ifndef DELTAM_HIDDEN_H
#define DELTAM_HIDDEN_H

/* How many bytes of s such a character takes that stands at its beginning; 0: none does. */
int hidden_length(const char *s);

/* Puts blanks over them, in place, but for line feeds. Returns s. */
char *hidden_blank(char *s);

#endif
