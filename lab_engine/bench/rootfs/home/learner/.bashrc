. /etc/profile.d/infralab.sh
case $- in *i*) ;; *) return ;; esac
PS1='\[\e]133;D;$?\a\]\u@\h:\w\$ '
HISTCONTROL=ignoreboth
shopt -s histappend checkwinsize
alias ls='ls --color=auto' ll='ls -l' grep='grep --color=auto'
[ -f /usr/share/bash-completion/bash_completion ] && . /usr/share/bash-completion/bash_completion
