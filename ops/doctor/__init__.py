"""`rescousse doctor`: what is wrong, in sentences, with the next action. It looks and changes nothing."""
