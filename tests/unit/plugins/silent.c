/* A shared object that is no plugin. */
extern int silent;
int silent;
