/* A shared object that is not a plugin. */
extern int silent;
int silent;
