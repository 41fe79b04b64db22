module infralab/cri-pause

go 1.24.0
